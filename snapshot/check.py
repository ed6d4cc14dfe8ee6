"""Checks of a ruleset once it is loaded, so that the walk can trust it: dangling jumps, circles, sets that are not there."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from snapshot.finding import Finding, Kind
from snapshot.host import Namespace
from snapshot.host.firewall import Chain, Line, Rule, Table, lines_of

_VERDICTS = {"", "ACCEPT", "DROP", "RETURN", "QUEUE"}


def check_tables(namespace: Namespace, findings: list[Finding]) -> None:
    """Check all tables of a namespace."""
    for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
        lines, chains = table.lines(), table.chains.keys()
        strange = {target for _, _, target in lines} - chains - _VERDICTS
        if not any(" -g " in text for text, _, _ in lines):
            strange = {name for name in strange if not _is_extension(name)}
        if strange or any("match-set" in text for text, _, _ in lines):
            for rule in _rules(table, strange):
                if rule.jump in strange:
                    _check_target(rule, table, findings)
                _check_sets(rule, namespace, findings)
        if _may_circle(lines, chains):
            _circles(table, findings)


def check_links(namespace: Namespace, findings: list[Finding]) -> None:
    """Links whose frames go by what no snapshot holds."""
    switched = sorted(name for name, one in namespace.interfaces.items() if one.kind == "openvswitch" or one.master == "ovs-system")
    if switched:
        findings.append(Finding(Kind.NOT_MODELLED, f"netns/{namespace.name}/ip-link", 0, ", ".join(switched)[:200], "ports of Open vSwitch: frames "
                                "between them go by its flows, which are not replayed; a packet that reaches one leaves there"))


def _rules(table: Table, targets: set[str]) -> Iterator[Rule]:
    """The rules that jump to one of these targets or ask a set, chain by chain. The others are not even made."""
    for chain in table.chains.values():
        for position, (text, _, target) in enumerate(lines_of(chain.rules)):
            if target in targets or "match-set" in text:
                yield chain.rules[position]


def _is_extension(name: str) -> bool:
    """Whether a name looks like that of a target extension (`DNAT`), not of a chain."""
    return name.replace("_", "").isupper()


def _check_target(rule: Rule, table: Table, findings: list[Finding]) -> None:
    name = rule.jump
    if not _is_extension(name) or (" -g " in rule.text and rule.goto):
        findings.append(Finding(Kind.DANGLING, rule.file, rule.line, rule.text[:200], f"there is no chain {name} in table {table.name}"))


def _check_sets(rule: Rule, namespace: Namespace, findings: list[Finding]) -> None:
    if "match-set" not in rule.text:
        return
    for clause in rule.matches:
        option = clause.option("--match-set") if clause.name == "set" else None
        if namespace.ipsets is not None and option is not None and option.values and option.values[0] not in namespace.ipsets:
            findings.append(Finding(Kind.DANGLING, rule.file, rule.line, rule.text[:200], f"set {option.values[0]} was not captured"))


_DEEPEST = 32  # rounds; chains that are nested deeper are looked through one by one


def _may_circle(lines: Sequence[Line], chains: Collection[str]) -> bool:
    """Whether some chain may lead back to itself: jumps into chains that jump no further are taken away until none is left."""
    for _ in range(_DEEPEST):
        leading = {chain for _, chain, target in lines if target in chains}
        lines, chains = [line for line in lines if line[2] in leading], leading
        if not lines:
            return False
    return True


def _circles(table: Table, findings: list[Finding]) -> None:
    """A chain that leads back to itself: the kernel refuses to load it, so the text was edited or is two texts."""
    jumps = _jumps(table)
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


def _jumps(table: Table) -> Mapping[str, Mapping[str, None]]:
    """The chains that each chain leads to."""
    found: dict[str, dict[str, None]] = {}
    for chain in table.chains.values():
        for _, name, target in lines_of(chain.rules):
            if target in table.chains:
                found.setdefault(name, {})[target] = None
    return found


def _jump(chain: Chain, target: str) -> Rule:
    return next(chain.rules[position] for position, (_, _, name) in enumerate(lines_of(chain.rules)) if name == target)
