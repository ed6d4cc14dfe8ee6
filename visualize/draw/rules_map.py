"""The chains that a set of flows went through, with how many of the capture's packets each rule matched."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from snapshot.host import HOST, Host
from visualize.alike import Alike, ways
from visualize.draw.scene import Cluster, Edge, Kind, Line, Look, Node, Row, Scene
from visualize.draw.words import HOOKS, did, place_lines
from visualize.flow import Flow
from visualize.path import Path, PolicyApplied, RuleMatched

_ROOM = 260.0
_ORDER = list(HOOKS)


@dataclass(frozen=True, slots=True)
class _Chain:
    netns: str
    hook: str
    family: str
    table: str
    name: str


def rules_scene(host: Host, flows: Sequence[Flow | Alike]) -> Scene:
    """A card for each chain that was gone through, a row for each rule that matched; arrows where a rule leads into a chain."""
    rules: dict[_Chain, dict[int, RuleMatched]] = {}
    policies: dict[_Chain, str] = {}
    hits: Counter[tuple[_Chain, int]] = Counter()
    for step, packets in _steps(flows):
        chain = _Chain(step.netns, step.hook, step.family, step.table, step.chain)
        known = rules.setdefault(chain, {})
        if isinstance(step, RuleMatched):
            known.setdefault(step.rule, step)
            hits[chain, step.rule] += packets
        else:
            policies[chain] = step.verdict
            hits[chain, 0] += packets
    ids = {chain: f"c{number}" for number, chain in enumerate(rules)}
    nodes = {chain: _card(ids[chain], chain, known, policies.get(chain), hits) for chain, known in rules.items()}
    edges = [Edge(ids[chain], ids[target], Line.JUMP, tail_port=f"r{number}") for chain, known in rules.items() for number, step in known.items()
             if (target := _Chain(chain.netns, chain.hook, chain.family, chain.table, step.target)) in ids and step.verdict in ("JUMP", "GOTO")]
    total = sum(flow.packets for flow in flows)
    caption = f"The rules that {len(flows):,} flows with {total:,} packets matched; a number is how many of these packets a rule matched."
    return Scene("rules", "Rules that were met", caption, tuple(_frames(host, nodes)), tuple(edges), (), _ROOM, True)


def _steps(flows: Iterable[Flow | Alike]) -> Iterator[tuple[RuleMatched | PolicyApplied, int]]:
    """Every rule and policy of every path, with the number of packets that went that way; a path that flows share is gone through once."""
    paths: dict[int, tuple[Path, int]] = {}
    for path, packets in (way for flow in flows for way in ways(flow)):
        paths[id(path)] = path, packets + paths.get(id(path), (path, 0))[1]
    for path, packets in paths.values():
        for step in path.steps:
            if isinstance(step, RuleMatched | PolicyApplied):
                yield step, packets


def _card(identifier: str, chain: _Chain, rules: dict[int, RuleMatched], policy: str | None, hits: Counter[tuple[_Chain, int]]) -> Node:
    rows: list[Row] = []
    for number, step in sorted(rules.items()):
        where = f"{step.file}:{step.line}"
        kind = Kind.STRONG if step.verdict in ("DROP", "REJECT", "ACCEPT") else Kind.TEXT
        rows.append(Row(f"rule {number}: {did(step)}", kind, f"{hits[chain, number]:,} x", rule=where, port=f"r{number}"))
        rows.append(Row(step.text, Kind.CODE, " ", rule=where))
    if policy is not None:
        rows.append(Row(f"policy: {policy}", Kind.STRONG if policy == "DROP" else Kind.DIM, f"{hits[chain, 0]:,} x"))
    family = " (IPv6)" if chain.family == "ip6" else ""
    return Node(identifier, Look.CHAIN, f"{chain.table} {chain.name}", family.strip(), tuple(rows), tip=f"chain {chain.name} of table {chain.table}")


def _frames(host: Host, nodes: dict[_Chain, Node]) -> Iterator[Cluster]:
    """A frame for each hook of each namespace, in the order of the hooks."""
    places = sorted({(chain.netns != HOST, chain.netns, _ORDER.index(chain.hook), chain.hook) for chain in nodes})
    for number, (inside, netns, _, hook) in reversed(list(enumerate(places))):  # Graphviz stacks frames from below
        here = tuple(node for chain, node in nodes.items() if (chain.netns, chain.hook) == (netns, hook))
        yield Cluster(f"hook{number}", hook, (HOOKS[hook], place_lines(host, netns)[0]), here, container=inside)
