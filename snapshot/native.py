"""Native nftables of one namespace: base chains that no iptables-nft-save told of, and the tables of them that are replayed."""

from dataclasses import replace

from snapshot.facts import Files, read
from snapshot.finding import Finding, Kind
from snapshot.host.firewall import Backend, NftBaseChain, Table
from snapshot.host.nft import NftTable
from snapshot.parse import nft_json
from snapshot.tables import NftRuleset

_HOOKS = {"prerouting", "input", "forward", "output", "postrouting"}
_FAMILIES = {"ip", "ip6", "inet"}


def native_of(files: Files, nft: NftRuleset | None, tables: tuple[Table, ...], findings: list[Finding]) -> tuple[
        tuple[NftBaseChain, ...] | None, tuple[NftTable, ...]]:
    """The base chains that packets meet besides iptables-nft's own, and the tables that are replayed; any other chain is a finding."""
    if nft is None:
        return None, ()
    chains = _chains(nft, tables)
    replayed = _replayed(files, nft, chains, findings)
    known = {(table.family, table.name) for table in replayed}
    chains = tuple(replace(chain, replayed=(chain.family, chain.table) in known) for chain in chains)
    for chain in chains:
        if not chain.replayed:
            findings.append(Finding(Kind.NOT_MODELLED, chain.file, chain.line, f"table {chain.family} {chain.table} chain {chain.name}",
                                    f"a native nftables chain at hook {chain.hook} ({chain.rules} rules): packets meet it, and it is "
                                    "not replayed"))
    return chains, replayed


def _chains(nft: NftRuleset, tables: tuple[Table, ...]) -> tuple[NftBaseChain, ...]:
    own = {(table.family, table.name, chain.name) for table in tables if table.backend is not Backend.LEGACY
           for chain in table.chains.values() if chain.policy is not None}
    return tuple(NftBaseChain(c.family, c.table, c.name, c.type, c.hook, 0, c.policy, c.rules, nft.file, c.line, c.devices)
                 for c in nft.chains if (c.family, c.table, c.name) not in own)


def _replayed(files: Files, nft: NftRuleset, chains: tuple[NftBaseChain, ...], findings: list[Finding]) -> tuple[NftTable, ...]:
    """Tables of the Internet families from `nft -j`, whose base chains are all native and stand at the five hooks."""
    listing = next((file for where, file in files.of("nft") if not where.json and file.path == nft.file), None)
    for where, file in files.of("nft"):
        if not where.json or not file.data.strip():
            continue
        before = len(findings)
        tables = read(nft_json.parse, file, findings)
        if len(findings) > before:
            return ()  # what could not be read might be in any of them
        kept = tuple(table for table in tables if table.family in _FAMILIES and _is_native(table, chains))
        return nft_json.with_text(kept, listing.text, listing.path) if listing is not None else kept
    return ()


def _is_native(table: NftTable, chains: tuple[NftBaseChain, ...]) -> bool:
    told = {chain.name for chain in chains if (chain.family, chain.table) == (table.family, table.name)}
    based = [chain for chain in table.chains.values() if chain.hook is not None]
    return bool(based) and all(chain.name in told and chain.hook in _HOOKS for chain in based)
