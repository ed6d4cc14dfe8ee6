"""Flows by class: one connection of each kind is replayed, its flow stands for all others of that kind.

    decode, gather (columns)  ->  classes  ->  replay one of each, and all that is irregular  ->  does the replay agree?  ->  flows

The replay decides what a class is worth: it must have taken the same frames for first sightings, made one flow of them, walked only
through rules that look at atoms, and seen each packet where it predicted it. A class that fails is replayed whole; and so is, for each
kind of packet, the last connection that has one: it must come out as its class says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from snapshot.host import Host, Namespace
from snapshot.host.conntrack import ConntrackEntry
from snapshot.host.link import Interface
from visualize.columns import classes
from visualize.columns.again import again
from visualize.columns.atoms import Atoms, helps
from visualize.columns.chunk import FRAMES, Giver, Reader
from visualize.columns.clashes import clashes
from visualize.columns.digest import Digest, Recipe
from visualize.columns.excerpt import excerpts
from visualize.columns.frames import I64, Bools, ends_from
from visualize.columns.kept import Held, Leads
from visualize.columns.kinds import Captured
from visualize.columns.links import Known, window
from visualize.columns.merged import giver
from visualize.columns.mix import U64, distinct, marked
from visualize.columns.spread import Spread
from visualize.columns.table import SECOND, Limits, Table
from visualize.columns.taps import NO_MAC, TAGGED, Taps, UnservedError
from visualize.datapath import bridge
from visualize.datapath.machine import Machine
from visualize.datapath.tuples import from_entry
from visualize.flow import Flow
from visualize.flows import gather
from visualize.packet.pcap import Frame
from visualize.progress import counted, watched
from visualize.replay import Replay, Source
from visualize.rows import Block, FlowTable, row_of

_MOST_DISORDER = SECOND // 2
_ROWS = 8192  # rows made at a time


@dataclass(slots=True)
class Cache:
    """Captures of one host."""

    host: Host
    assumptions: dict[str, bool]
    later: Mapping[str, tuple[ConntrackEntry, ...]]
    sources: list[Source]
    spread: Spread | None = None  # who digests chunks; None: this process
    frames: int = FRAMES  # of one chunk
    whole: tuple[bool, ...] = ()  # of which captures every byte was read, and nothing was wrong

    def flow_table(self) -> FlowTable | None:
        """The flow table, its rows made when asked for; None where columns can't serve this capture or host, and every packet has to be replayed."""
        found = self.settled()
        return None if found is None else found.flow_table(self.host)

    def settled(self) -> "Settled | None":
        """All connections, replayed or of a class; None as above."""
        taps, atoms = Taps(self.host), Atoms(self.host)
        if atoms.refused or any(map(helps, self.host.namespaces.values())):
            return None
        table = Table(atoms, _limits(self.host), _captured(self.host, self.later))
        try:
            start = self._fill(table, Recipe(atoms), giver(self.sources, taps, self.frames))
        except UnservedError:
            return None
        if start is None or not _bridges_know(self.host, taps, table):
            return None
        return self._prove(table, atoms, start)

    # -- first pass --------------------------------------------------------------------------------------------------------

    def _fill(self, table: Table, recipe: Recipe, captures: Giver) -> int | None:
        """Read the capture into the table. Returns its first time stamp; None where its clock went back too far."""
        start, latest = None, 0
        for digest in counted(self._digests(recipe, captures, table.known), "reading", "frames", lambda digest: digest.taken):
            began, newest, back = digest.span
            start = began if start is None else start
            if max(back, latest - began) > _MOST_DISORDER:
                return None
            latest = max(latest, newest)
            table.add(digest)
        table.finish()
        self.whole = captures.whole
        return start

    def _digests(self, recipe: Recipe, captures: Giver, known: Known) -> Iterator[Digest]:
        """The chunks of the captures, digested one after the other."""
        if self.spread is not None:
            yield from self.spread(recipe, captures, known)
            return
        where, first = captures.start, 0
        while True:
            chunk = captures.chunk(where, first)
            if not len(chunk.starts):
                return
            digest = recipe.digest(chunk, 0 if chunk.last else window(len(chunk.starts)), known)
            yield digest
            if chunk.last:
                return
            where, first = captures.after(chunk, digest.taken), first + digest.taken

    # -- second pass -------------------------------------------------------------------------------------------------------

    def _prove(self, table: Table, atoms: Atoms, start: int) -> "Settled":
        """Replay what has to be, until every class that is left has proved itself."""
        slow = table.rows.slow[:table.count] != 0
        while True:
            run = self._replay(table, table.kept.frames_of(slow), start)
            witnesses = self._witnesses(table, classes.representatives(table, slow), start)
            judged = classes.judge(self.host, atoms, table, witnesses, slow)
            bad = judged.irregular & ~slow
            bad |= clashes(table, run, judged, slow)
            if not bad.any():
                return Settled(self._reads(), table, run, witnesses, judged, classes.Templates(table, judged), _order(table, run, slow),
                               lambda which: self._replay(table, table.kept.frames_of(which), start))
            slow |= bad

    def _witnesses(self, table: Table, chosen: I64, start: int) -> classes.Run:
        """Replay representatives; of long ones, excerpts."""
        parts = excerpts(table.leads(chosen))
        return self._replay(table, table.kept.frames_of(marked(table.count, chosen), parts.holds if len(parts.bounds) else None), start, parts.leads)

    def _replay(self, table: Table, rows: Iterator[tuple[Held, I64]], start: int, leads: Mapping[int, Leads] | None = None) -> classes.Run:
        """Replay frames, in the order of the captures. `leads`: they are packets of representatives."""
        run = classes.Run(self.host, table, leads or {})
        wanted = again(self._reads(), table.kept, rows)
        first = next(wanted, None)
        if first is None:
            return run
        replay = Replay(self.host, self.assumptions, dict(self.later))
        replay.begin(start)
        if leads is not None:
            replay.machine.trust()
        run.flows = gather(run.noted(watched(replay.feed(self.sources, chain((first,), wanted)), "replaying")))
        return run

    def _reads(self) -> list[Reader]:
        return [source.capture.read for source in self.sources if source.capture is not None]


@dataclass(frozen=True, slots=True)
class Settled:
    """A capture's connections once every class has proved itself: those that were replayed whole, and those that a class stands for.

    `order` names them by their first packets, so that flows are numbered from 1: a connection, or -1 - n for the replay's flow n.
    `replay` takes all packets of some connections through the machine.
    """

    reads: Sequence[Reader]
    table: Table
    run: classes.Run  # of the irregular ones
    witnesses: classes.Run
    judged: classes.Judged
    templates: classes.Templates
    order: I64
    replay: Callable[[Bools], classes.Run]

    def flow_table(self, host: Host) -> FlowTable:
        """The rows of replayed flows and of those that classes stand for."""
        return FlowTable(partial(self._blocks, host))

    def _blocks(self, host: Host) -> Iterator[Block]:
        for low in range(0, len(self.order), _ROWS):
            part = self.order[low:low + _ROWS]
            alike = part >= 0
            found = self.templates.block(part[alike])
            if not alike.all():
                replayed = Block.of(row_of(host, self.run.flows[-1 - one]) for one in part[~alike].tolist())
                found = found.woven(replayed, np.argsort(np.concatenate((np.flatnonzero(alike), np.flatnonzero(~alike)))).tolist())
            yield found.numbered(low + 1)

    def members(self) -> I64:
        """The connections that a class stands for."""
        return self.order[self.order >= 0]

    def replayed(self, members: I64) -> dict[int, Flow]:
        """Members of classes, by connection, with every packet replayed: no state joins them to other connections, so they go as among all."""
        run = self.replay(marked(self.table.count, members))
        return {connection: flow for flow in run.flows for connection in run.strangers[flow.number]}

    def frames(self, numbers: I64) -> Iterator[Frame]:
        """Frames by their numbers in the capture (from 1), which ascend."""
        kept = self.table.kept
        rows = ((held, numbers[(numbers > held.first) & (numbers <= held.first + held.count)] - 1 - held.first) for held in kept.chunks)
        return (frame for _, frame in again(self.reads, kept, rows))


def _order(table: Table, run: classes.Run, slow: Bools) -> I64:
    """Replayed flows and members of classes by their first packets."""
    members = np.flatnonzero((table.rows.packets[:table.count] > 0) & ~slow)
    first = np.concatenate((np.array([run.first[flow.number] - 1 for flow in run.flows], np.int64), table.rows.first[members]))
    found: I64 = np.concatenate((-1 - np.arange(len(run.flows)), members))[np.argsort(first)]
    return found


# -- what the host tells ----------------------------------------------------------------------------------------------------


def _setting(host: Host, name: str, default: int) -> int:
    """The least that any namespace's conntrack has for a sysctl."""
    texts = [namespace.sysctl(f"net.netfilter.{name}") for namespace in host.namespaces.values()]
    return min([default, *(int(text) for text in texts if text is not None and text.lstrip("-").isdigit())])


def _limits(host: Host) -> Limits:
    short = min(_setting(host, f"nf_conntrack_tcp_timeout_{name}", seconds) for name, seconds in (
        ("syn_sent", 120), ("syn_recv", 60), ("fin_wait", 120), ("close_wait", 60), ("last_ack", 30), ("time_wait", 120)))
    long = min(_setting(host, f"nf_conntrack_tcp_timeout_{name}", seconds) for name, seconds in (
        ("established", 432000), ("max_retrans", 300), ("unacknowledged", 300)))
    udp = min(_setting(host, "nf_conntrack_udp_timeout", 30), _setting(host, "nf_conntrack_udp_timeout_stream", 120))
    icmp = min(_setting(host, "nf_conntrack_icmp_timeout", 30), _setting(host, "nf_conntrack_icmpv6_timeout", 30))
    return Limits(short * SECOND, long * SECOND, udp * SECOND, icmp * SECOND, _setting(host, "nf_conntrack_tcp_loose", 1) != 0)


def _captured(host: Host, later: Mapping[str, tuple[ConntrackEntry, ...]]) -> Captured:
    """The tuples of captured conntrack tables, hashed."""
    before = [entry for namespace in host.namespaces.values() for entry in namespace.conntrack or ()]
    after = [entry for entries in later.values() for entry in entries]
    plain = [entry for entry in after if _as_entered(entry)]
    hashes, forward = _tuples(plain, False)
    order = np.argsort(hashes, kind="stable")
    return Captured(distinct(np.concatenate((_tuples(before, False)[0], _tuples(before, True)[0]))), hashes[order], forward[order],
                    distinct(np.concatenate([_tuples([e for e in after if not _as_entered(e)], side)[0] for side in (False, True)])))


def _as_entered(entry: ConntrackEntry) -> bool:
    return from_entry(entry.reply, entry.protocol).inverse() == from_entry(entry.original, entry.protocol)


def _tuples(entries: list[ConntrackEntry], reply: bool) -> tuple[U64, Bools]:
    """Hashes of one direction of entries."""
    found = [from_entry(entry.reply if reply else entry.original, entry.protocol) for entry in entries]
    if not found:
        return np.zeros(0, np.uint64), np.zeros(0, bool)
    return ends_from([(one.src, one.dst, one.protocol, one.a, one.a if one.is_icmp else one.b) for one in found]).tuple()


def _bridges_know(host: Host, taps: Taps, table: Table) -> bool:
    """Whether bridges would look up no MAC address otherwise before they have learned it from the capture than after."""
    machine = Machine(host)
    for place, word in table.kinds.places:
        netns, name = taps.interfaces[place]
        stack = machine.stack(netns)
        assert stack is not None
        mac = (word & NO_MAC - 1).to_bytes(6, "little").hex(":")
        for port in _above(stack.namespace, name, word & TAGGED != 0):
            master = stack.namespace.interfaces.get(port.master or "")
            if master is None or master.kind != "bridge":
                continue
            if any(bridge.lookup(stack, master, mac, vid) != port.name for vid in _vlans(master, port)):
                return False
    return True


def _above(namespace: Namespace, name: str, tagged: bool) -> list[Interface]:
    """An interface and those that get its frames: what it is enslaved to, and what stands on it (VLAN devices: tagged frames)."""
    held, names = namespace.interfaces, [name]
    for one in names:
        master = held.get(held[one].master or "")
        upper = [other.name for other in held.values() if other.parent == one and (tagged or other.kind != "vlan")]
        names += [other for other in (*upper, *([master.name] if master is not None and master.kind != "bridge" else [])) if other not in names]
    return [held[one] for one in names]


def _vlans(master: Interface, port: Interface) -> set[int]:
    """The VLANs in which a bridge may put a port's frames (0: it does not filter)."""
    if master.bridge is None or not master.bridge.vlan_filtering or port.port is None:
        return {0}
    return {vid for vid, _ in port.port.vlans} | ({port.port.pvid} if port.port.pvid is not None else set())
