"""What one connection can do to another: tuples and sources that two of them would hold, and answers to ports that were drawn by lot."""

from collections.abc import Iterator
from ipaddress import ip_address

import numpy as np

from snapshot.host.link import IPAddress
from visualize.columns.classes import Judged, Run
from visualize.columns.frames import I64, Bools, ends_from, words_of
from visualize.columns.frames import Ends as Columns
from visualize.columns.mix import U64, mix, number_of
from visualize.columns.table import Table
from visualize.datapath.tuples import tuple_of
from visualize.flow import Ends, Flow, ends_of
from visualize.path import Path

_Tuple = tuple[IPAddress, IPAddress, int, int, int]


def clashes(table: Table, run: Run, judged: Judged, slow: Bools) -> Bools:
    """Connections that NAT may have treated otherwise because of another one.

    They share a tuple with it, as it is after some rewrite; or the source, which another mapping has already; or they look like an answer
    to a connection whose port was drawn by lot. `slow`: those that are irregular and replayed.
    """
    rows, found = table.rows, _Shared()
    hashes, owners = table.tuples.all()
    found.tuples(hashes, np.where(slow[owners], -1, owners))
    regular = ~slow & (rows.packets[:table.count] > 0)
    lots: list[U64] = []
    answers: list[tuple[U64, I64]] = []
    for kind, path in judged.paths.items():
        members = np.flatnonzero((rows.kind[:table.count] == kind) & regular)
        for form in _forms(path) if len(members) else ():
            ends = _formed(table, members, path, form)
            found.tuples(ends.tuple()[0], members)
            found.sources(_source(ends), members, np.full(len(members), hash_of_mapping(path)))
            answers += [(one, members) for one in _answering(ends)]
    for flow in run.flows:
        if not all(slow[one] for one in run.strangers[flow.number]):
            continue
        ends = ends_from(list(_tuples_of(flow)))
        none = np.full(len(ends.sport), -1)
        found.tuples(ends.tuple()[0], none)
        found.sources(_source(ends), none, none)
        drawn = list(_drawn(flow))
        if drawn:
            lots += _answered(ends_from(drawn))
    clash = found.shared(table.count)
    for hashes, members in answers if lots else ():
        clash[members[np.isin(hashes, np.concatenate(lots))]] = True
    hashes, owners = found.columns(found.of_tuples)
    clash[owners[np.isin(hashes, table.known_before) & (owners >= 0)]] = True
    return clash & regular


class _Shared:
    """What connections hold, and which of them hold the same. Owner -1: any of the replayed ones, among whom nothing has to be settled."""

    def __init__(self) -> None:
        self.of_tuples: list[tuple[U64, I64]] = []
        self._of_sources: list[tuple[U64, I64, I64]] = []

    def tuples(self, hashes: U64, owners: I64) -> None:
        """A tuple belongs to one connection only."""
        self.of_tuples.append((hashes, owners))

    def sources(self, hashes: U64, owners: I64, mappings: I64) -> None:
        """A source is mapped in one way only."""
        self._of_sources.append((hashes, owners, mappings))

    @staticmethod
    def columns(parts: list[tuple[U64, I64]]) -> tuple[U64, I64]:
        """All of them."""
        return np.concatenate([one for one, _ in parts]), np.concatenate([who for _, who in parts])

    def shared(self, count: int) -> Bools:
        """The connections that share a tuple, or a source under another mapping."""
        clash = np.zeros(count, bool)
        hashes, owners = self.columns(self.of_tuples)
        self._mark(clash, hashes, owners, owners)
        if self._of_sources:
            hashes, owners = self.columns([(one, who) for one, who, _ in self._of_sources])
            self._mark(clash, hashes, owners, np.concatenate([mapping for _, _, mapping in self._of_sources]))
        return clash

    @staticmethod
    def _mark(clash: Bools, hashes: U64, owners: I64, values: I64) -> None:
        """Mark the owners of equal hashes with unequal values."""
        order = np.lexsort((values, hashes))
        hashes, owners, values = hashes[order], owners[order], values[order]
        same = hashes[1:] == hashes[:-1]
        group = np.cumsum(np.append(True, ~same)) - 1 if len(hashes) else owners
        differs = np.zeros(len(hashes), bool)
        differs[group[1:][same & (values[1:] != values[:-1])]] = True
        who = owners[differs[group]]
        clash[who[who >= 0]] = True


def hash_of_mapping(path: Path) -> int:
    """A number for what NAT makes of a class's source."""
    start, final = ends_of(path.start), ends_of(path.end.packet)
    changed = [new if new != old else "kept" for old, new in zip((start.src, start.sport, start.icmp_id), (final.src, final.sport, final.icmp_id),
                                                                 strict=True)]
    return number_of(repr(changed))


def _source(ends: Columns) -> U64:
    return mix(ends.source[:, 0], ends.source[:, 1], ends.sport, ends.protocol)


def _answering(ends: Columns) -> list[U64]:
    """What a first packet would have in common with the answer to a drawn source port, or from a drawn destination port."""
    both = (ends.source[:, 0], ends.source[:, 1], ends.target[:, 0], ends.target[:, 1], ends.protocol)
    return [mix(*both, ends.sport, np.zeros_like(ends.sport)), mix(*both, ends.dport, np.ones_like(ends.dport))]


def _answered(ends: Columns) -> list[U64]:
    """The same of packets that are answered."""
    both = (ends.target[:, 0], ends.target[:, 1], ends.source[:, 0], ends.source[:, 1], ends.protocol)
    return [mix(*both, ends.dport, np.zeros_like(ends.dport)), mix(*both, ends.sport, np.ones_like(ends.sport))]


def _forms(path: Path) -> list[Ends]:
    """The packet's ends as they stood at each step, once each."""
    return list(dict.fromkeys(ends_of(step.packet) for step in path.steps))


def _formed(table: Table, members: I64, path: Path, form: Ends) -> Columns:
    """The ends of connections' first packets, where the model's looks like `form`."""
    rows, start = table.rows, ends_of(path.start)
    count = len(members)
    source = rows.source[members] if form.src == start.src else np.repeat(words_of([ip_address(form.src)]), count, axis=0)
    target = rows.target[members] if form.dst == start.dst else np.repeat(words_of([ip_address(form.dst)]), count, axis=0)
    sport = rows.sport[members].astype(np.int64) if form[2::2] == start[2::2] else np.full(count, form.sport or form.icmp_id or 0)
    dport = rows.dport[members].astype(np.int64) if form[3:] == start[3:] else np.full(count, form.dport or form.icmp_id or 0)
    six = np.full(count, path.start.family == 6)
    return Columns(source, target, sport, dport, rows.protocol[members].astype(np.int64), six)


def _drawn(flow: Flow) -> Iterator[_Tuple]:
    """The tuples, behind NAT, of packets whose port or id it changed: it may have been drawn by lot."""
    for use in flow.original:
        start, final = tuple_of(use.path.start), tuple_of(use.path.end.packet)
        by_lot = any(doubt.by_chance for doubt in use.path.doubts)
        if start is not None and final is not None and (by_lot or (start.a, start.b) != (final.a, final.b)):
            yield final.src, final.dst, final.protocol, final.a, final.a if final.is_icmp else final.b


def _tuples_of(flow: Flow) -> Iterator[_Tuple]:
    """Every tuple that a packet of a flow, or of what it begot, ever had."""
    found: dict[_Tuple, None] = {}
    for use in (*flow.original, *flow.reply):
        for path in (use.path, *use.path.children):
            for step in path.steps:
                held = tuple_of(step.packet)
                if held is not None:
                    found[held.src, held.dst, held.protocol, held.a, held.a if held.is_icmp else held.b] = None
    return iter(found)
