"""Classes of connections: who stands for them, what the replay must have made of those, and the rows of the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from operator import ne
from typing import Any, NamedTuple

import numpy as np

from snapshot.host import Host
from snapshot.host.firewall import Rule
from visualize.columns.atoms import Atoms, depends_on_more, writes_sets
from visualize.columns.frames import I64, Bools
from visualize.columns.table import Table
from visualize.flow import Ends, Flow
from visualize.flows import step_shape, worst
from visualize.path import Ended, Evidence, Path, PolicyApplied, RuleMatched, Sighting, Tracked, Verdict
from visualize.replay import Replayed
from visualize.rows import ASIDE, COLUMNS, ENDS, Block, Row, row_of, seconds

_BITS, _MASK = 24, (1 << 24) - 1
_ARRIVES = {Verdict.FORWARDED, Verdict.DELIVERED}


class Note(NamedTuple):
    """One replayed packet of a representative, as far as it is looked at."""

    number: int
    flow: int
    role: str
    path: Path
    plain: bool  # seen where it was predicted, in that form, and nowhere else
    sightings: tuple[Sighting, ...]


class Run:
    """What a replay of some connections gave."""

    def __init__(self, table: Table, chosen: I64) -> None:
        self.flows: list[Flow] = []
        self.first: dict[int, int] = {}  # flow -> number of its first packet
        self.notes: dict[int, list[Note]] = {int(one): [] for one in chosen}
        self.strangers: dict[int, set[int]] = {}  # flow -> the connections of its packets
        self._table = table

    def noted(self, replayed: Iterable[Replayed]) -> Iterator[Replayed]:
        """The packets, noted while they pass."""
        owner = self._table.owner_of
        for one in replayed:
            self.first.setdefault(one.flow, one.number)
            connection = owner(one.number - 1)
            self.strangers.setdefault(one.flow, set()).add(connection)
            held = self.notes.get(connection)
            if held is not None:
                plain = all((s.state is Evidence.SEEN and not s.why) or s.state is Evidence.NOT_SEEN for s in one.sightings)
                held.append(Note(one.number, one.flow, one.role, one.path, plain, tuple(one.sightings)))
            yield one


@dataclass(slots=True)
class Kind:
    """What packets of one event have in common, in one class."""

    role: str
    certainty: str
    shape: tuple[object, ...]


@dataclass(slots=True)
class Judged:
    """The verdict over all classes. `rows` holds the representative's row of each class that can be trusted."""

    irregular: Bools  # per connection
    rows: dict[int, Row] = field(default_factory=dict)
    paths: dict[int, Path] = field(default_factory=dict)
    kinds: dict[tuple[int, int], Kind] = field(default_factory=dict)


def representatives(table: Table, pairs: I64, slow: Bools) -> I64:
    """For each kind of packet in each class, the first and the last connection that has one."""
    pairs = pairs[~slow[pairs >> _BITS]]
    connection = pairs >> _BITS
    key = table.rows.kind[connection].astype(np.int64) << _BITS | pairs & _MASK
    order = np.lexsort((table.rows.first[connection], key))
    new = np.ones(len(order), bool)
    new[1:] = key[order][1:] != key[order][:-1]
    ends = np.append(new[1:], True) if len(order) else new
    return np.unique(connection[order[new | ends]])


def judge(host: Host, atoms: Atoms, table: Table, pairs: I64, run: Run, slow: Bools, chosen: I64) -> Judged:
    """Which classes the replay bears out."""
    flows = {flow.number: flow for flow in run.flows}
    judged = Judged(np.zeros(table.count, bool))
    expected = table.leads(chosen)
    rules = _Rules(host)
    bad: set[int] = set()
    order = sorted(chosen.tolist(), key=lambda one: int(table.rows.first[one]))
    for connection in order:
        kind = int(table.rows.kind[connection])
        if kind in bad:
            continue
        notes = run.notes[connection]
        if not _as_gathered(notes, expected.get(connection, {}), run, connection) or not all(_proper(note, rules) for note in notes):
            bad.add(kind)
            continue
        if not _agreed(judged, kind, notes, expected[connection]):
            bad.add(kind)
            continue
        flow = flows[notes[0].flow]
        row = row_of(host, flow)
        if kind not in judged.rows:
            judged.rows[kind], judged.paths[kind] = row, notes[0].path
            if not _free_of_its_ends(row, atoms):
                bad.add(kind)
    trusted = [connection for connection in order if int(table.rows.kind[connection]) not in bad]
    told = Templates(table, pairs, judged).block(np.array(trusted, np.int64))
    for connection, row in zip(trusted, told.rows(), strict=True):  # each must come out as its class says
        if row != row_of(host, flows[run.notes[connection][0].flow]) | {"flow": None}:
            bad.add(int(table.rows.kind[connection]))
    judged.irregular = np.isin(table.rows.kind[:table.count], np.array(sorted(bad), np.int64)) & ~slow & (table.rows.packets[:table.count] > 0)
    return judged


def _as_gathered(notes: list[Note], expected: dict[int, int], run: Run, connection: int) -> bool:
    """Whether the replay took the same frames for first sightings, and made one flow of them and of no others."""
    return bool(notes) and [note.number for note in notes] == list(expected) and len({note.flow for note in notes}) == 1 and (
        run.strangers[notes[0].flow] == {connection}) and notes[0].role == "original"


def _proper(note: Note, rules: "_Rules") -> bool:
    """Whether a packet's way is one that atoms decide."""
    path = note.path
    return note.plain and not path.children and not any(doubt.by_chance for doubt in path.doubts) and (
        path.verdict not in (Verdict.LOOPED, Verdict.UNKNOWN)) and not any(
        isinstance(step, Tracked) and step.state == "INVALID" for step in path.steps) and rules.decide_by_atoms(path)


def _agreed(judged: Judged, kind: int, notes: list[Note], events: dict[int, int]) -> bool:
    """Whether equal events went the same way; and whether either all packets of the class arrive, or none does."""
    certainties: dict[tuple[object, ...], str] = {}
    for note in notes:
        shape = (note.role, *map(step_shape, note.path.steps))
        found = Kind(note.role, note.path.certainty.value, shape)
        if judged.kinds.setdefault((kind, events[note.number]), found) != found or certainties.setdefault(shape, found.certainty) != found.certainty:
            return False
    return len({note.path.verdict in _ARRIVES for note in notes}) == 1


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

    def decide_by_atoms(self, path: Path) -> bool:
        """Whether every chain that the path entered holds only rules that look at atoms."""
        if any(self._host.namespaces[name].nft for name in {step.netns for step in path.steps}):
            return False  # native rules: what they compare with is not among the atoms
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

    def _chain(self, netns: str, family: str, backend: str, table: str, name: str) -> bool:
        key = (netns, family, backend, table, name)
        if key not in self._known:
            namespace = self._host.namespaces[netns]
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

    def __init__(self, table: Table, pairs: I64, judged: Judged) -> None:
        self._rows, self._judged = table.rows, judged
        self._replied, self._doubt = np.zeros(table.count, bool), np.zeros(table.count, np.uint8)
        connection = pairs >> _BITS
        codes = table.rows.kind[connection].astype(np.int64) << _BITS | pairs & _MASK
        known = np.array(sorted(kind << _BITS | event for kind, event in judged.kinds), np.int64)
        place = np.searchsorted(known, codes)
        told = place < len(known)
        told[told] = known[place[told]] == codes[told]
        notes = [judged.kinds[(code >> _BITS, code & _MASK)] for code in known.tolist()]
        reply = np.array([one.role == "reply" for one in notes], bool)[place[told]]
        self._replied[connection[told][reply]] = True
        np.maximum.at(self._doubt, connection[told], np.array([_WORDS.index(one.certainty) for one in notes], np.uint8)[place[told]])

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
