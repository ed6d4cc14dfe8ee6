"""Classes of connections: who stands for them, what the replay must have made of those, and the rows of the others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

import numpy as np

from snapshot.host import Host
from snapshot.host.firewall import Rule
from visualize.columns.atoms import Atoms, depends_on_more, writes_sets
from visualize.columns.frames import I64, Bools
from visualize.columns.table import Table
from visualize.flow import Ends, Flow
from visualize.flows import Row, numbered, renumbered, row_of, step_shape, worst
from visualize.path import Ended, Evidence, Path, PolicyApplied, RuleMatched, Sighting, Tracked, Verdict
from visualize.replay import Replayed

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
    templates = Templates(table, pairs, judged)
    trusted = [connection for connection in order if int(table.rows.kind[connection]) not in bad]
    for connection, row in zip(trusted, templates.rows(np.array(trusted, np.int64)), strict=True):  # each must come out as its class says
        if renumbered(row, 0) != renumbered(row_of(host, flows[run.notes[connection][0].flow]), 0):
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
    words = " ".join(str(row.fields[name]) for name in ("decided_at", "why")) + row.sender + row.place
    return not any(text in words and not atoms.alone(ip_address(text)) for text in (row.start.src, row.start.dst))


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
        self._texts: dict[tuple[int, int, int], str] = {}
        connection = pairs >> _BITS
        kinds = table.rows.kind[connection].astype(np.int64)
        codes, number = np.unique(kinds << _BITS | pairs & _MASK, return_inverse=True)
        known = [judged.kinds.get((code >> _BITS, code & _MASK)) for code in codes.tolist()]
        reply = np.array([one is not None and one.role == "reply" for one in known], bool)[number.reshape(-1)]
        doubtful = np.array([0 if one is None else _DOUBT[one.certainty] for one in known], np.int64)[number.reshape(-1)]
        self._replied, self._doubt = np.zeros(table.count, bool), np.zeros(table.count, np.int64)
        self._replied[connection[reply]] = True
        np.maximum.at(self._doubt, connection, doubtful)

    def starts(self, connections: I64) -> Iterator[Ends]:
        """Both ends of the first packets of some connections."""
        rows = self._rows
        ends = zip(rows.source[connections].tolist(), rows.target[connections].tolist(), strict=True)
        columns = (column[connections].tolist() for column in (rows.protocol, rows.six, rows.sport, rows.dport))
        for (protocol, six, sport, dport), (source, target) in zip(zip(*columns, strict=True), ends, strict=True):
            ports = (None, None, sport) if protocol in (1, 58) else (sport, dport, None)
            yield Ends(self._text(six, *source), self._text(six, *target), *ports)

    def rows(self, connections: I64) -> Iterator[Row]:
        """The rows of some connections, without a number yet."""
        rows = self._rows
        columns = (column[connections].tolist() for column in (rows.kind, rows.began, rows.packets, self._replied, self._doubt))
        for (kind, began, packets, replied, doubt), start in zip(zip(*columns, strict=True), self.starts(connections), strict=True):
            model = self._judged.rows[kind]
            final = Ends._make(mine if kept == first else kept for mine, first, kept in zip(start, model.start, model.final, strict=True))
            fields = numbered(model.fields, 0, began, packets, start, final)
            fields["replied"], fields["certainty"] = replied, _WORDS[doubt]
            yield Row(fields, model.sender, model.place, start, final, model.places)

    def _text(self, six: int, first: int, second: int) -> str:
        key = (six, first, second)
        found = self._texts.get(key)
        if found is None:
            raw = first.to_bytes(8, "little") + second.to_bytes(8, "little")
            found = self._texts[key] = str(IPv6Address(raw) if six else IPv4Address(raw[:4]))
        return found


_WORDS = ("certain", "assumed", "unknown")
_DOUBT = {word: rank for rank, word in enumerate(_WORDS)}
assert worst(_WORDS) == _WORDS[-1]
