"""Classes of connections: who stands for them, what the replay must have made of those, and the rows of the others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from operator import ne
from typing import Any, NamedTuple

import numpy as np

from snapshot.host import Host
from snapshot.host.firewall import Rule
from visualize.columns import nft
from visualize.columns.atoms import Atoms, depends_on_more, writes_sets
from visualize.columns.frames import I64, Bools
from visualize.columns.kept import EVENT, EVENT_BITS, Leads
from visualize.columns.table import Table
from visualize.datapath import telling
from visualize.flow import Ends, Flow
from visualize.flows import steps_of, worst
from visualize.path import Ended, Evidence, Path, PolicyApplied, RuleMatched, Sighting, Tracked, Verdict, certainty
from visualize.replay import Replayed
from visualize.rows import ASIDE, COLUMNS, ENDS, Block, Row, row_of, seconds

_ARRIVES = {Verdict.FORWARDED, Verdict.DELIVERED}


@dataclass(slots=True)
class Kind:
    """What packets of one event have in common, in one class."""

    role: str
    certainty: str
    shape: tuple[object, ...]


class Note(NamedTuple):
    """The first replayed packet of an event, of a representative."""

    number: int
    path: Path
    sightings: tuple[Sighting, ...]


@dataclass(slots=True)
class Witness:
    """A representative: what the replay makes of its packets, judged while they pass, so that none has to be kept."""

    expected: Leads
    flow: int = 0
    packets: int = 0
    proper: bool = True  # its packets are those that were gathered, of one flow, and go a way that atoms decide, alike where their events are
    notes: dict[int, Note] = field(default_factory=dict)  # by event
    kinds: dict[int, Kind] = field(default_factory=dict)
    _certainties: dict[tuple[object, ...], str] = field(default_factory=dict)
    _arrives: bool = False

    def see(self, one: Replayed, rules: "_Rules") -> None:
        """The next packet."""
        at = self.packets
        self.packets += 1
        if not self.proper:
            return
        if at == 0:
            self.flow, self._arrives = one.flow, one.way.path.verdict in _ARRIVES
            self.proper = one.role == "original"
        gathered = at < len(self.expected.numbers) and int(self.expected.numbers[at]) == one.number
        self.proper &= gathered and one.flow == self.flow and _proper(one, rules) and self._agrees(one, int(self.expected.events[at]))

    def _agrees(self, one: Replayed, event: int) -> bool:
        """Whether equal events go the same way; and whether either all packets arrive, or none does."""
        verdict, shape = one.way.path.verdict, (one.role, one.way.once(steps_of))
        found = Kind(one.role, certainty(verdict, one.doubts).value, shape)
        if event not in self.notes:
            self.notes[event] = Note(one.number, one.path, tuple(one.sightings))
        return self.kinds.setdefault(event, found) == found and self._certainties.setdefault(shape, found.certainty) == found.certainty and (
            (verdict in _ARRIVES) == self._arrives)

    @property
    def whole(self) -> bool:
        """Whether no packet was missing, or none was there at all."""
        return self.packets == len(self.expected.numbers) > 0


class Run:
    """What a replay of some connections gave."""

    def __init__(self, host: Host, table: Table, leads: Mapping[int, Leads]) -> None:
        """`leads`: the packets of representatives that are replayed."""
        self.flows: list[Flow] = []
        self.first: dict[int, int] = {}  # flow -> number of its first packet
        self.witnesses = {one: Witness(packets) for one, packets in leads.items()}
        self.strangers: dict[int, set[int]] = {}  # flow -> the connections of its packets
        self._owner_of, self._rules = table.owner_of, _Rules(host)

    def noted(self, replayed: Iterable[Replayed]) -> Iterator[Replayed]:
        """The packets, judged while they pass."""
        for one in replayed:
            self.first.setdefault(one.flow, one.number)
            connection = self._owner_of(one.number - 1)
            self.strangers.setdefault(one.flow, set()).add(connection)
            witness = self.witnesses.get(connection)
            if witness is not None:
                witness.see(one, self._rules)
            yield one

    def proper(self, connection: int) -> bool:
        """Whether a representative may stand for others."""
        witness = self.witnesses[connection]
        return witness.proper and witness.whole and self.strangers[witness.flow] == {connection}


@dataclass(slots=True)
class Judged:
    """The verdict over all classes. `rows` holds the representative's row of each class that can be trusted."""

    irregular: Bools  # per connection
    rows: dict[int, Row] = field(default_factory=dict)
    paths: dict[int, Path] = field(default_factory=dict)
    kinds: dict[tuple[int, int], Kind] = field(default_factory=dict)


_ROWS = 1 << 48  # more than a capture has frames


def representatives(table: Table, slow: Bools) -> I64:
    """For each kind of packet in each class, the first and the last connection that has one, of those that are about as short as the shortest."""
    codes, low, high = (np.zeros(0, np.int64) for _ in range(3))
    rows = slice(table.count)
    long = np.frexp(table.rows.packets[rows])[1].astype(np.int64) * _ROWS
    early, late = long + table.rows.first[rows], long + _ROWS - 1 - table.rows.first[rows]
    for pairs in table.pairs():
        pairs = pairs[~slow[pairs >> EVENT_BITS]]
        connection = pairs >> EVENT_BITS
        codes, number = np.unique(np.concatenate((codes, _code(table, connection, pairs))), return_inverse=True)
        low, high = (_least(number.reshape(-1), np.concatenate((held, of[connection])), len(codes)) for held, of in ((low, early), (high, late)))
    chosen: I64 = np.flatnonzero((np.isin(early, low) | np.isin(late, high)) & (table.rows.packets[rows] > 0))
    return chosen


def _code(table: Table, connection: I64, pairs: I64) -> I64:
    """A number for each event in its class."""
    found: I64 = table.rows.kind[connection].astype(np.int64) << EVENT_BITS | pairs & EVENT
    return found


def _least(group: I64, values: I64, groups: int) -> I64:
    """The least value of each group."""
    found = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(found, group, values)
    return found


def judge(host: Host, atoms: Atoms, table: Table, run: Run, slow: Bools) -> Judged:
    """Which classes the replay of their representatives bears out."""
    flows = {flow.number: flow for flow in run.flows}
    judged = Judged(np.zeros(table.count, bool))
    bad: set[int] = set()
    order = sorted(run.witnesses, key=lambda one: int(table.rows.first[one]))
    for connection in order:
        kind, witness = int(table.rows.kind[connection]), run.witnesses[connection]
        if kind in bad:
            continue
        if not run.proper(connection) or not _agreed(judged, kind, witness):
            bad.add(kind)
            continue
        if kind not in judged.rows:
            judged.rows[kind], judged.paths[kind] = row_of(host, flows[witness.flow]), witness.notes[int(witness.expected.events[0])].path
            if not _free_of_its_ends(judged.rows[kind], atoms):
                bad.add(kind)
    trusted = [connection for connection in order if int(table.rows.kind[connection]) not in bad]
    told = Templates(table, judged).block(np.array(trusted, np.int64))
    for connection, row in zip(trusted, told.rows(), strict=True):  # each must come out as its class says
        if row != row_of(host, flows[run.witnesses[connection].flow]) | {"flow": None, "packets": row["packets"]}:  # of which not all were replayed
            bad.add(int(table.rows.kind[connection]))
    judged.irregular = np.isin(table.rows.kind[:table.count], np.array(sorted(bad), np.int64)) & ~slow & (table.rows.packets[:table.count] > 0)
    return judged


def _proper(one: Replayed, rules: "_Rules") -> bool:
    """Whether a packet was seen where it was predicted, in that form, and nowhere else; and whether atoms decide its way."""
    plain = all((s.state is Evidence.SEEN and not s.why) or s.state is Evidence.NOT_SEEN for s in one.sightings)
    return plain and not any(doubt.by_chance for doubt in one.doubts) and one.way.once(rules.decided)


def _agreed(judged: Judged, kind: int, witness: Witness) -> bool:
    """Whether equal events of a class went the same way in all its representatives."""
    return all(judged.kinds.setdefault((kind, event), found) == found for event, found in witness.kinds.items())


def _free_of_its_ends(row: Row, atoms: Atoms) -> bool:
    """Whether no sentence of the row names an address that other connections of the class may not have."""
    words = " ".join(str(row[name]) for name in ("decided_at", "why", "sender", "place"))
    return not any(text in words and not atoms.alone(ip_address(text)) for text in (row["src"], row["dst"]))


class _Rules:
    """Which chains hold rules that look at more than atoms, read when a path first enters them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[tuple[str, ...], bool] = {}
        self._sets = {name: writes_sets(namespace) for name, namespace in host.namespaces.items()}

    def decided(self, path: Path) -> bool:
        """Whether a way is one that atoms decide, to a plain end."""
        return not path.children and telling.READ not in path.decided_by and path.verdict not in (Verdict.LOOPED, Verdict.UNKNOWN) and not any(
            isinstance(step, Tracked) and step.state == "INVALID" for step in path.steps) and self._by_atoms(path)

    def _by_atoms(self, path: Path) -> bool:
        """Whether every chain that the path entered holds only rules that look at atoms."""
        if not all(self._native(name) for name in {step.netns for step in path.steps}):
            return False
        before = None
        for step in path.steps:
            match step:
                case RuleMatched():
                    names = [step.chain, *([step.target] if step.verdict in ("JUMP", "GOTO") else [])]
                    if not all(self._chain(step.netns, step.family, step.backend, step.table, name) for name in names):
                        return False
                case PolicyApplied():
                    if not self._chain(step.netns, step.family, step.backend, step.table, step.chain):
                        return False
                case Ended(verdict=Verdict.DROPPED, at=at) if at.split(" ")[-1].isdecimal() and not (
                        isinstance(before, RuleMatched) and at == f"{before.table} {before.chain} {before.rule}"):
                    return False  # a match dropped it by itself
                case _:
                    pass
            before = step
        return True

    def _native(self, netns: str) -> bool:
        key = (netns,)
        if key not in self._known:
            self._known[key] = nft.by_atoms(self._host.namespaces[netns])
        return self._known[key]

    def _chain(self, netns: str, family: str, backend: str, table: str, name: str) -> bool:
        key = (netns, family, backend, table, name)
        if key not in self._known:
            namespace = self._host.namespaces[netns]
            if backend == "nft" and any((one.family, one.name) == (family, table) for one in namespace.nft):
                return self._native(netns)
            held = next((t for t in (namespace.tables4 if family == "ip" else namespace.tables6) or ()
                         if t.name == table and t.backend.value == backend), None)
            self._known[key] = held is not None and not any(depends_on_more(rule, held.chains) or (self._sets[netns] and _asks_a_set(rule))
                                       for rule in held.chains[name].rules)
        return self._known[key]


def _asks_a_set(rule: Rule) -> bool:
    return any(clause.name == "set" for clause in rule.matches)


# -- rows -------------------------------------------------------------------------------------------------------------------


class Templates:
    """Rows of connections that were not replayed, from the row of their class."""

    def __init__(self, table: Table, judged: Judged) -> None:
        self._rows, self._judged = table.rows, judged
        self._replied, self._doubt = np.zeros(table.count, bool), np.zeros(table.count, np.uint8)
        known = np.array(sorted(kind << EVENT_BITS | event for kind, event in judged.kinds), np.int64)
        notes = [judged.kinds[(code >> EVENT_BITS, code & EVENT)] for code in known.tolist()]
        reply = np.array([one.role == "reply" for one in notes], bool)
        doubt = np.array([_WORDS.index(one.certainty) for one in notes], np.uint8)
        for pairs in table.pairs():
            connection = pairs >> EVENT_BITS
            codes = _code(table, connection, pairs)
            place = np.searchsorted(known, codes)
            told = place < len(known)
            told[told] = known[place[told]] == codes[told]
            connection, place = connection[told], place[told]
            self._replied[connection[reply[place]]] = True
            np.maximum.at(self._doubt, connection, doubt[place])

    def starts(self, connections: I64) -> Iterator[Ends]:
        """Both ends of the first packets of some connections."""
        return map(Ends._make, zip(*self._starts(connections).values(), strict=True))

    def block(self, connections: I64) -> Block:
        """The rows of some connections, without a number yet."""
        kinds, number = np.unique(self._rows.kind[connections], return_inverse=True)
        models, which = [self._judged.rows[kind] for kind in kinds.tolist()], number.tolist()
        start = self._starts(connections)
        final = {name: _finally(start[name], name, models, which) for name in ENDS}
        before, after = (zip(*(ends[name] for name in _MOVED), strict=True) for ends in (start, final))
        moved = list(map(ne, before, after))
        began = np.divmod(self._rows.began[connections], 10**9)
        own = {"flow": [None] * len(connections), "started": list(map(seconds, *(part.tolist() for part in began))),
               "packets": self._rows.packets[connections].tolist(), **start,
               **{ENDS[name]: [value if there else None for value, there in zip(column, moved, strict=True)] for name, column in final.items()},
               "replied": self._replied[connections].tolist(), "certainty": list(map(_WORDS.__getitem__, self._doubt[connections].tolist()))}
        return Block({name: own[name] if name in own else list(map([model[name] for model in models].__getitem__, which))
                      for name in (*COLUMNS, *ASIDE)})

    def _starts(self, connections: I64) -> dict[str, list[Any]]:
        """The columns of both ends, in the order of `Ends`."""
        rows = self._rows
        six, protocol = rows.six[connections].tolist(), rows.protocol[connections]
        src, dst = (list(map(_address, six, *words[connections].T.tolist())) for words in (rows.source, rows.target))
        sport, dport = rows.sport[connections].tolist(), rows.dport[connections].tolist()
        echo = ((protocol == 1) | (protocol == 58)).tolist()
        return {"src": src, "dst": dst, "sport": [None if icmp else port for icmp, port in zip(echo, sport, strict=True)],
                "dport": [None if icmp else port for icmp, port in zip(echo, dport, strict=True)],
                "icmp_id": [port if icmp else None for icmp, port in zip(echo, sport, strict=True)]}


def _finally(mine: list[Any], name: str, models: Sequence[Row], which: list[int]) -> list[Any]:
    """An end after NAT: its class's where that rewrites it, else the connection's own. `which`: the class of each connection."""
    kept = [_OWN if model["nat_src"] is None or model[ENDS[name]] == model[name] else model[ENDS[name]] for model in models]
    if all(one is _OWN for one in kept):
        return mine
    return [own if there is _OWN else there for own, there in zip(mine, map(kept.__getitem__, which), strict=True)]


@lru_cache(1 << 16)
def _address(six: int, first: int, second: int) -> str:
    """An address as text, from its bytes as two little-endian numbers."""
    raw = first.to_bytes(8, "little") + second.to_bytes(8, "little")
    return str(IPv6Address(raw)) if six else ".".join(map(str, raw[:4]))


_OWN = object()
_MOVED = ("src", "dst", "sport", "dport")
_WORDS = ("certain", "assumed", "unknown")
assert worst(_WORDS) == _WORDS[-1]
