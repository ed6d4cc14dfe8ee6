"""Checks of a ruleset once it is loaded, so that the walk can trust it: dangling jumps, circles, sets that are not there."""

from collections.abc import Mapping

from snapshot.finding import Finding, Kind
from snapshot.host import Namespace
from snapshot.host.firewall import Chain, Rule, Table

_VERDICTS = {"ACCEPT", "DROP", "RETURN", "QUEUE"}


def check_tables(namespace: Namespace, findings: list[Finding]) -> None:
    """Check all tables of a namespace."""
    for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
        jumps: dict[str, dict[str, None]] = {}  # chain -> the chains that it leads to
        for chain in table.chains.values():
            for rule in chain.rules:
                name = rule.jump
                if name in table.chains:
                    jumps.setdefault(rule.chain, {})[name] = None
                elif name and name not in _VERDICTS:
                    _check_target(rule, table, findings)
                if "match-set" in rule.text:
                    _check_sets(rule, namespace, findings)
        _circles(table, jumps, findings)


def check_links(namespace: Namespace, findings: list[Finding]) -> None:
    """Links whose frames go by what no snapshot holds."""
    switched = sorted(name for name, one in namespace.interfaces.items() if one.kind == "openvswitch" or one.master == "ovs-system")
    if switched:
        findings.append(Finding(Kind.NOT_MODELLED, f"netns/{namespace.name}/ip-link", 0, ", ".join(switched)[:200], "ports of Open vSwitch: frames "
                                "between them go by its flows, which are not replayed; a packet that reaches one leaves there"))


def _check_target(rule: Rule, table: Table, findings: list[Finding]) -> None:
    name = rule.jump
    if not name.replace("_", "").isupper() or (" -g " in rule.text and rule.goto):
        findings.append(Finding(Kind.DANGLING, rule.file, rule.line, rule.text[:200], f"there is no chain {name} in table {table.name}"))


def _check_sets(rule: Rule, namespace: Namespace, findings: list[Finding]) -> None:
    for clause in rule.matches:
        option = clause.option("--match-set") if clause.name == "set" else None
        if namespace.ipsets is not None and option is not None and option.values and option.values[0] not in namespace.ipsets:
            findings.append(Finding(Kind.DANGLING, rule.file, rule.line, rule.text[:200], f"set {option.values[0]} was not captured"))


def _circles(table: Table, jumps: Mapping[str, Mapping[str, None]], findings: list[Finding]) -> None:
    """A chain that leads back to itself: the kernel refuses to load it, so the text was edited or is two texts."""
    done: set[str] = set()
    for start in jumps:
        path: list[str] = []  # the chains that lead to the one at hand
        stack = [(start, True)]
        while stack:
            name, entering = stack.pop()
            if not entering:
                done.add(path.pop())
            elif name in path:
                rule = _jump(table.chains[path[-1]], name)
                findings.append(Finding(Kind.LOOP, rule.file, rule.line, rule.text[:200],
                                        f"chains jump in a circle: {' > '.join([*path[path.index(name):], name])}"))
            elif name not in done:
                path.append(name)
                stack += [(name, False), *((target, True) for target in jumps[name] if target in jumps)]


def _jump(chain: Chain, target: str) -> Rule:
    return next(rule for rule in chain.rules if rule.jump == target)
