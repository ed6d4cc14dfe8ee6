"""Every rule of a host in the order of its files, iptables' and native nftables', with the host's own counters and the hits of this capture."""

from collections.abc import Iterable
from typing import Any

from snapshot.host import Host
from snapshot.host.firewall import Chain, Rule, Table
from snapshot.host.nft import NftChain, NftRule, NftTable
from visualize.path import PolicyApplied, RuleMatched


class RuleBook:
    """Numbers rules and chains, finds those that a step names, and counts their hits."""

    def __init__(self, host: Host) -> None:
        self.chains: list[dict[str, Any]] = []
        self._rules: dict[tuple[object, ...], int] = {}
        self._bases: dict[tuple[str, ...], int] = {}
        self._hits: list[int] = []
        self._policy_hits: list[int] = []
        for name, namespace in host.namespaces.items():
            for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
                for chain in table.chains.values():
                    self._add(name, table.family, table.backend.value, table.name, chain.name, chain.rules, _iptables(table, chain))
            for native in namespace.nft:
                for held in native.chains.values():
                    self._add(name, native.family, "nft", native.name, held.name, held.rules, _native(native, held))

    def _add(self, netns: str, family: str, backend: str, table: str, name: str, rules: Iterable[Rule | NftRule], more: dict[str, Any]) -> None:
        self._bases.setdefault((netns, family, backend, table, name), len(self.chains))
        records = []
        for rule in rules:
            self._rules.setdefault(_key(rule.file, rule.line, table, name, rule.number), len(self._hits))
            packets, size = (rule.packets, rule.bytes) if isinstance(rule, Rule) else (None, None)
            records.append({"id": len(self._hits), "number": rule.number, "text": rule.text, "file": rule.file, "line": rule.line,
                            "packets": packets, "bytes": size})
            self._hits.append(0)
        self._policy_hits.append(0)
        self.chains.append({"netns": netns, "family": family, "backend": backend, "table": table, "name": name, "rules": records, **more})

    def rule(self, step: RuleMatched) -> int | None:
        """The number of the rule that matched."""
        return self._rules.get(_key(step.file, step.line, step.table, step.chain, step.rule))

    def chain(self, step: PolicyApplied) -> int | None:
        """The number of the base chain whose policy was applied."""
        return self._bases.get((step.netns, step.family, step.backend, step.table, step.chain))

    def count(self, rules: Iterable[int], policies: Iterable[int], packets: int) -> None:
        """So many packets took a way past these rules and policies."""
        for number in rules:
            self._hits[number] += packets
        for number in policies:
            self._policy_hits[number] += packets

    def records(self) -> list[dict[str, Any]]:
        """The chains with their rules and hits."""
        for index, chain in enumerate(self.chains):
            chain["hits"] = self._policy_hits[index]
            for rule in chain["rules"]:
                rule["hits"] = self._hits[rule["id"]]
        return self.chains


def _key(file: str, line: int, table: str, chain: str, number: int) -> tuple[object, ...]:
    """Where a rule stands; by its number where the file has no lines (JSON)."""
    return (file, line) if line else (file, table, chain, number)


def _iptables(table: Table, chain: Chain) -> dict[str, Any]:
    return {"policy": chain.policy, "packets": chain.packets, "bytes": chain.bytes, "file": chain.file, "line": chain.line,
            "absent": chain.name in table.absent_base_chains, "native": ""}


def _native(table: NftTable, chain: NftChain) -> dict[str, Any]:
    """Policies as iptables writes them; `native` says at which hook a base chain of `nft` stands."""
    policy = chain.policy.upper() if chain.policy else "ACCEPT" if chain.hook else None
    hook = f"nftables table {table.family} {table.name}" + (f", {chain.type} hook {chain.hook} priority {chain.priority}" if chain.hook else "")
    return {"policy": policy, "packets": None, "bytes": None, "file": "", "line": 0, "absent": False, "native": hook}
