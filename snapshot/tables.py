"""The iptables and nftables rules of one namespace: every back-end's tables once, and what of them was not seen."""

from dataclasses import dataclass, replace
from functools import partial

from snapshot.facts import Files, read
from snapshot.finding import Finding, Kind
from snapshot.host.firewall import Backend, Table
from snapshot.parse import iptables_list, iptables_save, nft_ruleset


@dataclass(frozen=True, slots=True)
class NftRuleset:
    """The base chains of `nft list ruleset`, and the file that told them."""

    chains: tuple[nft_ruleset.BaseChain, ...]
    file: str


def nft_ruleset_of(files: Files, findings: list[Finding]) -> NftRuleset | None:
    """The ruleset of a namespace, from text (whose lines can be named) where there is any, else from JSON."""
    held = sorted((item for item in files.of("nft") if not item[0].partial), key=lambda item: (not item[1].data.strip(), item[0].json, item[1].path))
    for _, file in held:
        before = len(findings)
        chains = read(nft_ruleset.parse, file, findings)
        if chains or not any(one.kind is Kind.SYNTAX for one in findings[before:]):
            return NftRuleset(chains, file.path)
    return None


def tables_of(files: Files, fact: str, family: str, nft: NftRuleset | None, findings: list[Finding]) -> tuple[
        tuple[Table, ...] | None, tuple[tuple[str, str], ...]]:
    """The tables of one family from every back-end that was captured, the same back-end only once; and what was not seen of them."""
    found: list[Table] = []
    told: set[str] = set()  # files that are an output, and no error message
    seen: set[tuple[Backend, str]] = set()
    for where, file in sorted(files.of(fact), key=lambda item: (item[0].partial, "save" not in item[0].words, item[1].path)):
        backend = Backend.LEGACY if "legacy" in where.words else Backend.NFT if "nft" in where.words else Backend.UNKNOWN
        tables = read(partial(_saved, family=family, backend=backend, table=where.table), file, findings)
        if tables or not any(line.strip() and not line.startswith("#") for line in file.text.splitlines()):
            told.add(file.path)
        for table in tables:
            if (table.backend, table.name) not in seen:
                seen.add((table.backend, table.name))
                found.append(_with_absent(table, nft))
    saved = {table.name for table in found}
    for where, file in files.of(f"{fact}-list"):
        for table in read(partial(iptables_list.parse, family=family, table=where.table), file, findings):
            if table.name not in saved and not any(one.name == table.name for one in found):
                found.append(table)
    return (tuple(found) if told or found else None), _unseen(files, fact, found, nft, told)


def _saved(text: str, path: str, family: str, backend: Backend, table: str) -> tuple[tuple[Table, ...], tuple[Finding, ...]]:
    """`iptables-save`, or what `iptables -S` prints of one table."""
    if iptables_save.is_rules(text):
        held, findings = iptables_save.parse(text, path, family, backend, table or "?")
        return (held, findings) if table else iptables_list.named(held, findings, path)
    return iptables_save.parse(text, path, family, backend)


_TABLES = ("raw", "mangle", "nat", "filter")


def _unseen(files: Files, fact: str, found: list[Table], nft: NftRuleset | None, told: set[str]) -> tuple[tuple[str, str], ...]:
    """(table, why): tables that the host may have and that nothing captured shows. An iptables-save shows all that there are."""
    unseen: list[tuple[str, str]] = []
    every_file = [*files.of(fact), *files.of(f"{fact}-list")]
    if any(iptables_list.warns_of_legacy(file.text) for _, file in every_file) and not any(table.backend is Backend.LEGACY for table in found):
        unseen.append(("", f"the host has legacy {fact} tables too (a warning says so), and they were not captured"))
    whole = any(not where.table and not where.partial and not iptables_save.is_rules(file.text) and file.path in told
                for where, file in files.of(fact))
    if whole:
        return tuple(unseen)
    if not told and not found:
        return () if nft is not None else (("", f"no {fact} rules were captured"),)
    shown = {file.path for where, file in every_file if not where.partial}
    names = {table.name for table in found if table.file in shown}  # `iptables -L DOCKER` shows one chain of its table
    return (*unseen, *((name, f"the {name} table was not captured") for name in _TABLES if name not in names))


def _with_absent(table: Table, nft: NftRuleset | None) -> Table:
    """Base chains that iptables-nft-save prints although the kernel has none (no rule was ever put there)."""
    if table.backend is not Backend.NFT or nft is None:
        return table
    real = {chain.name for chain in nft.chains if chain.family == table.family and chain.table == table.name}
    printed = {chain.name for chain in table.chains.values() if chain.policy is not None}
    return replace(table, absent_base_chains=frozenset(printed - real))
