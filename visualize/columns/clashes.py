"""What one connection can do to another: tuples and sources that two of them would hold, and answers to ports that were drawn by lot."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from itertools import chain, islice, pairwise

import numpy as np

from snapshot.host.link import IPAddress
from visualize.columns.classes import Judged, Run
from visualize.columns.connections import I32
from visualize.columns.frames import I64, Bools, ends_from, words_of
from visualize.columns.frames import Ends as Columns
from visualize.columns.mix import U64, distinct, mix, number_of
from visualize.columns.table import Table
from visualize.datapath.tuples import tuple_of
from visualize.flow import Ends, Flow, ends_of
from visualize.path import Path

_Tuple = tuple[IPAddress, IPAddress, int, int, int]
_AT_ONCE = 1 << 17  # connections, or tuples


def clashes(table: Table, run: Run, judged: Judged, slow: Bools) -> Bools:
    """Connections that NAT may have treated otherwise because of another one.

    They share a tuple with it, as it is after some rewrite; or the source, which another mapping has already; or they look like an answer
    to a connection whose port was drawn by lot. `slow`: those that are irregular and replayed, among whom nothing has to be settled.
    """
    regular = ~slow & (table.rows.packets[:table.count] > 0)
    tuples, sources, clash = _Tuples(table, slow), _Sources(len(judged.paths) + 1), np.zeros(table.count, bool)
    strangers = [flow for flow in run.flows if all(slow[one] for one in run.strangers[flow.number])]
    for ends in _columns(chain.from_iterable(map(_tuples_of, strangers))):
        tuples.hold(clash, ends.tuple()[0], np.full(len(ends.sport), -1))
        sources.hold(_source(ends), None)
    lots = [answer for ends in _columns(chain.from_iterable(map(_drawn, strangers))) for answer in _answered(ends)]
    for path, members in _classes(table, judged, regular):
        for form in _forms(path):
            ends = _formed(table, members, path, form)
            if form != ends_of(path.start):  # the tuple of its first packet is a connection's own
                tuples.hold(clash, ends.tuple()[0], members)
            if lots:
                clash[members[np.isin(_answering(ends), np.concatenate(lots)).any(axis=0)]] = True
        for hashes in _sources_of(table, members, path):
            sources.hold(hashes, path)
    tuples.share(clash)
    if sources.shared():
        for path, members in _classes(table, judged, regular):
            for hashes in _sources_of(table, members, path):
                clash[members[sources.among(hashes)]] = True
    return clash & regular


def _classes(table: Table, judged: Judged, regular: Bools) -> Iterator[tuple[Path, I64]]:
    """The members of each class, some at a time."""
    members = np.flatnonzero(regular)
    members = members[np.argsort(table.rows.kind[members], kind="stable")]
    kinds = table.rows.kind[members]
    starts = np.flatnonzero(np.append(True, kinds[1:] != kinds[:-1])).tolist() if len(kinds) else []
    for low, high in pairwise([*starts, len(kinds)]):
        path = judged.paths.get(int(kinds[low]))
        for at in range(low, high if path is not None else low, _AT_ONCE):
            assert path is not None
            yield path, members[at:min(high, at + _AT_ONCE)]


def _columns(rows: Iterable[_Tuple]) -> Iterator[Columns]:
    """Tuples as columns, some at a time."""
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield ends_from(some)


class _Tuples:
    """Which connection holds which tuple: those that the capture shows, and those that NAT would make."""

    def __init__(self, table: Table, slow: Bools) -> None:
        self._hashes, self._owners = table.tuples.all()
        self._before, self._slow = table.known_before, slow
        self._more: list[tuple[U64, I32]] = []  # not shown by the capture

    def hold(self, clash: Bools, hashes: U64, owners: I64) -> None:
        """Mark those that hold a tuple which is another one's. Owner -1: any of the replayed ones."""
        place = np.minimum(np.searchsorted(self._hashes, hashes), max(len(self._hashes) - 1, 0))
        hit = self._hashes[place] == hashes if len(self._hashes) else np.zeros(len(hashes), bool)
        mine, theirs = owners[hit], self._owners[place[hit]]
        other = (mine != theirs) & ~((mine < 0) & self._slow[theirs])
        clash[theirs[other]] = True
        clash[mine[other & (mine >= 0)]] = True
        clash[owners[np.isin(hashes, self._before) & (owners >= 0)]] = True
        if not hit.all():
            self._more.append((hashes[~hit], owners[~hit].astype(np.int32)))

    def share(self, clash: Bools) -> None:
        """Mark those that hold the same tuple which the capture does not show."""
        if not self._more:
            return
        hashes, owners = (np.concatenate(column) for column in zip(*self._more, strict=True))
        order = np.argsort(hashes)
        hashes, owners = hashes[order], owners[order]
        same = hashes[1:] == hashes[:-1]
        group = np.cumsum(np.append(True, ~same)) - 1
        differs = np.zeros(int(group[-1]) + 1, bool)
        differs[group[1:][same & (owners[1:] != owners[:-1])]] = True
        who = owners[differs[group]]
        clash[who[who >= 0]] = True


class _Sources:
    """Sources, each of which NAT maps in one way only. Kept are a source's hash and, in its lowest bits, the mapping."""

    def __init__(self, mappings: int) -> None:
        self._bits = np.uint64(mappings.bit_length())
        self._held: list[U64] = []
        self._mappings: dict[int, int] = {}
        self._shared = np.zeros(0, np.uint64)

    def hold(self, hashes: U64, path: Path | None) -> None:
        """Sources that are mapped as a path's is; without one: of connections that were replayed."""
        mapping = self._mappings.setdefault(hash_of_mapping(path) if path is not None else -1, len(self._mappings))
        self._held.append(hashes >> self._bits << self._bits | np.uint64(mapping))

    def shared(self) -> bool:
        """Whether any source is mapped in two ways."""
        held = np.concatenate(self._held) if self._held else np.zeros(0, np.uint64)
        self._held = []
        held.sort()
        source = held >> self._bits
        self._shared = distinct(source[1:][(source[1:] == source[:-1]) & (held[1:] != held[:-1])])
        return len(self._shared) > 0

    def among(self, hashes: U64) -> Bools:
        """Which sources are mapped in two ways."""
        found: Bools = np.isin(hashes >> self._bits, self._shared)
        return found


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


def _sources_of(table: Table, members: I64, path: Path) -> Iterator[U64]:
    """Hashes of connections' sources, as they stood at each step."""
    for form in {form[::2]: form for form in _forms(path)}.values():
        yield _source(_formed(table, members, path, form))


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
