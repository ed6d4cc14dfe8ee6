"""Every rule of a host in the order of its files, with the host's own counters and the hits of this capture."""

from collections.abc import Iterable
from typing import Any

from snapshot.host import Host
from snapshot.host.firewall import Chain, Table
from visualize.path import PolicyApplied


class RuleBook:
    """Numbers rules and chains, finds them by file and line, and counts their hits."""

    def __init__(self, host: Host) -> None:
        self.chains: list[dict[str, Any]] = []
        self._rules: dict[tuple[str, int], int] = {}
        self._bases: dict[tuple[str, ...], int] = {}
        self._hits: list[int] = []
        self._policy_hits: list[int] = []
        for name, namespace in host.namespaces.items():
            for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
                for chain in table.chains.values():
                    self._add(name, table, chain)

    def _add(self, netns: str, table: Table, chain: Chain) -> None:
        self._bases.setdefault((netns, table.family, table.backend.value, table.name, chain.name), len(self.chains))
        rules = []
        for rule in chain.rules:
            self._rules.setdefault((rule.file, rule.line), len(self._hits))
            rules.append({"id": len(self._hits), "number": rule.number, "text": rule.text, "file": rule.file, "line": rule.line,
                          "packets": rule.packets, "bytes": rule.bytes})
            self._hits.append(0)
        self._policy_hits.append(0)
        self.chains.append({"netns": netns, "family": table.family, "backend": table.backend.value, "table": table.name, "name": chain.name,
                            "policy": chain.policy, "packets": chain.packets, "bytes": chain.bytes, "file": chain.file,
                            "line": chain.line, "absent": chain.name in table.absent_base_chains, "rules": rules})

    def rule(self, file: str, line: int) -> int | None:
        """The number of the rule that stands there."""
        return self._rules.get((file, line))

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
