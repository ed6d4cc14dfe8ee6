"""One hook for one packet: each table and conntrack's functions, in the order of `hooks.HOOKS`."""

from collections.abc import Generator
from dataclasses import replace

from snapshot.host.link import IPAddress
from visualize.datapath import expect, nat, native, order
from visualize.datapath.conntrack import UNTRACKED, Tracking, Zone
from visualize.datapath.hooks import Stage
from visualize.datapath.megaflow import Classified, lasting
from visualize.datapath.order import Turn
from visualize.datapath.skb import Skb
from visualize.datapath.source import select_source
from visualize.datapath.stack import Stack
from visualize.datapath.tuples import tuple_of
from visualize.netfilter.here import Here
from visualize.netfilter.hook import Hook
from visualize.netfilter.match.connlimit import UNREAD
from visualize.netfilter.native.bind import NativeTable
from visualize.netfilter.outcome import Begets, NatRequest, Outcome, RuleVerdict
from visualize.netfilter.rule import BoundTable
from visualize.netfilter.walk import Walked, walk
from visualize.packet.packet import Packet, Protocol
from visualize.path import Ended, Rewritten, RuleMatched, Step, Tracked, Verdict

Way = Generator[Step, None, Ended | None]
_SETTLE = "the captured conntrack table, or the capture itself"


def traverse(stack: Stack, hook: Hook, skb: Skb, in_device: str | None, out_device: str | None,
             physin: str | None = None, physout: str | None = None, bridged: bool = False) -> Way:
    """Run a hook (nf_hook_slow). Returns None where the packet may go on, else its end."""
    family = skb.packet.family
    here = Here(world=stack, family="ip" if family == 4 else "ip6", hook=hook, in_interface=in_device,
                out_interface=out_device, physdev_in=physin, physdev_out=physout, bridged=bridged,
                packet_type=skb.packet_type, local_origin=skb.local_origin, time_ns=skb.journey.now, memory=stack.memory,
                read=skb.journey.read, state=skb.journey.state)
    native.note_hook(stack, hook, skb)
    turns: list[Turn] = []
    stack.doubt_unseen(family, hook, skb.journey.doubts)
    for stage, table in stack.stations(family, hook):
        match stage:
            case Stage.CONNTRACK:
                ended = yield from _conntrack(stack, hook, skb)
            case Stage.CONFIRM:
                ended = _confirm(stack, skb)
            case Stage.NAT:
                ended = yield from _nat(stack, hook, skb, here)
            case _:
                assert table is not None
                ended = yield from _table(stack, hook, skb, here, table, turns)
        if ended is not None:
            return ended
    return None


def _conntrack(stack: Stack, hook: Hook, skb: Skb) -> Way:
    """nf_conntrack_in: skipped for a packet that already has a connection (over `lo`, or attached to one) or is NOTRACKed."""
    if skb.tracking is not None:
        return None
    if skb.notrack:
        skb.tracking = UNTRACKED
    elif hook is Hook.PREROUTING and not skb.local_origin and (skb.journey.broken or skb.journey.misjudged) and (
            stack.setting("net.netfilter.nf_conntrack_checksum") != 0):
        skb.tracking = Tracking(None, "INVALID", why="its checksum is wrong")
    else:
        skb.tracking = _expected(stack, hook, skb, _looked_up(stack, skb))
    _doubt_tracking(stack, skb, hook)
    skb.journey.states.append((stack.netns, skb.tracking))
    skb.journey.read.add("ctstate")
    yield Tracked(stack.netns, skb.packet, hook.value, skb.tracking.state, "reply" if skb.tracking.reply else "original",
                  skb.tracking.why)
    return None


def _looked_up(stack: Stack, skb: Skb) -> Tracking:
    """What conntrack says of the packet; it is asked once, also where the packet's way has to be walked again."""
    journey = skb.journey
    found = journey.foretold.pop(0) if journey.foretold else stack.tracker.track(skb.packet, skb.zone, journey.now)
    wanted, connection = stack.tracker.tuple_of(skb.packet), found.connection
    if wanted is not None and not skb.packet.is_icmp_error:
        journey.asked.append(Classified(stack, wanted, skb.zone, found, lasting(connection) if connection is not None else ()))
    return found


def _expected(stack: Stack, hook: Hook, skb: Skb, tracking: Tracking) -> Tracking:
    """What helpers have to say of a new connection: that it was expected, or that it may have been."""
    connection = tracking.connection
    if connection is None or tracking.state != "NEW" or "CONFIRMED" in connection.flags:
        return tracking
    tracking = stack.expectations.take(tracking, skb.journey.now)
    connection.helper = skb.helper or connection.helper
    if connection.helper is None and stack.setting("net.netfilter.nf_conntrack_helper"):
        connection.helper = expect.standard_helper(connection)
    told = stack.tracker.may_expect(connection) if tracking.state == "NEW" else None
    if told is not None:
        why = f"the {told.helper} helper of {told.original_tuple.describe()} may have expected this connection, which would make it RELATED"
        skb.journey.doubts.note(f"conntrack {hook.value}", why, "it is NEW", "conntrack -L expect, or a capture of whole packets", weak=True)
    return tracking


def _doubt_tracking(stack: Stack, skb: Skb, hook: Hook) -> None:
    """What the connection that was found does not tell for sure: a port drawn by lot, or whose answer this is."""
    tracking = skb.tracking
    if tracking is not None and tracking.fresh and tracking.state == "NEW" and "conntrack" in stack.namespace.untold:
        skb.journey.read.add("tcp_flags")
        opens = (skb.packet.tcp_flags or 0) & 0x12 == 0x02  # a SYN alone opens a connection, whatever was open before
        if not opens:
            skb.journey.doubts.note("conntrack", "the connections that were open were not captured: this packet may belong to one of them",
                                    "it is the first of its connection", "conntrack -L")
    assert skb.tracking is not None
    connection = skb.tracking.connection
    at = f"conntrack {hook.value}"
    if skb.tracking.guess:
        skb.journey.doubts.note(at, skb.tracking.guess, "it is valid" if connection is not None else "it is not", _SETTLE, weak=connection is None)
    if _cut_short(skb.packet):
        stack.memory[UNREAD] = True
        skb.journey.doubts.note(at, "the capture ends before what conntrack reads of the packet", f"it is {skb.tracking.state}",
                                "capture whole packets (tcpdump -s 0)", weak=True)
    if connection is not None and connection.lot:
        skb.journey.doubts.note(at, connection.lot, "a port that is free", _SETTLE, weak=True, by_chance=True)


def _cut_short(packet: Packet) -> bool:
    """The capture lacks a transport header, or the packet that an ICMP error quotes, which conntrack had."""
    if not packet.cut or packet.fragment_offset:
        return False
    if packet.is_icmp_error:
        return packet.inner is None or tuple_of(packet.inner) is None
    return packet.tcp_flags is None if packet.protocol == Protocol.TCP else tuple_of(packet) is None


def _confirm(stack: Stack, skb: Skb) -> Ended | None:
    """nf_confirm: helpers read the packet, and a new connection is entered into the table.

    An answer that the kernel attached to a connection (REJECT's) does not confirm it: __nf_conntrack_confirm takes the original way.
    """
    if skb.tracking is None or skb.tracking.connection is None:
        return None
    unread = expect.listen(stack.expectations, skb.packet, skb.tracking, skb.journey.now)
    if unread:
        skb.journey.doubts.note("conntrack helper", unread, "it stays as it is", "a capture of whole packets")
        skb.tracking.connection.unread = skb.tracking.connection.unread or "cut" in unread
    if skb.tracking.reply or "CONFIRMED" in skb.tracking.connection.flags:
        return None
    skb.journey.state.add("confirm")
    if stack.tracker.confirm(skb.tracking.connection, skb.journey.now):
        return None
    return Ended(stack.netns, skb.packet, Verdict.DROPPED, None, "another connection already has the tuple that NAT gave to this one, and there "
                 "is no other to give", at="conntrack")


def _see(skb: Skb, here: Here) -> None:
    """Let rules see what conntrack has said so far."""
    tracking = skb.tracking
    waiting = "UNTRACKED" if skb.notrack else "NEW" if skb.template else None  # what CT has attached in raw
    here.ctstate = tracking.state if tracking is not None else waiting
    here.connection = tracking.connection if tracking is not None else None
    here.reply_direction = tracking.reply if tracking is not None else False


def _walk(stack: Stack, hook: Hook, skb: Skb, here: Here, table: BoundTable, turns: list[Turn]) -> Generator[Step, None, Walked]:
    """Walk one table, carry out what its rules ask, and note where another back-end's table might have come first."""
    here.table = table.table.name
    _see(skb, here)
    before, matched = skb.packet, False
    steps = walk(table, table.start(hook.value), before, here, skb.journey.doubts)
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            walked: Walked = stop.value
            break
        matched = matched or isinstance(step, RuleMatched)
        yield step
    skb.packet = walked.packet
    _carry_out(stack, skb, walked.changes)
    ended = walked.verdict is not RuleVerdict.ACCEPT
    if (matched or ended) and stack.beside(skb.packet.family, hook, table):
        why = "a native nftables chain and an iptables table stand at one priority; which was registered later, and so runs first, is not captured"
        skb.journey.doubts.note(f"{here.table} {hook.value}", why, "the native chain first", "nft monitor trace on the host", weak=ended)
    turns.append(order.turn(table, before, walked, matched))
    order.note(stack, hook, here, skb.journey.doubts, turns)
    return walked


def _table(stack: Stack, hook: Hook, skb: Skb, here: Here, table: BoundTable, turns: list[Turn]) -> Way:
    before = skb.packet
    walked = yield from _walk(stack, hook, skb, here, table, turns)
    ended = _verdict(stack, skb, here, walked)
    if ended is not None:
        return ended
    routing = table.type == "route" if isinstance(table, NativeTable) else table.table.name == "mangle"
    if hook is Hook.OUTPUT and routing and _reroutes(before, skb):
        return (yield from _reroute(stack, skb, "mangle OUTPUT changed what routing looks at"))
    return None


def _reroutes(before: "object", skb: Skb) -> bool:
    now = skb.packet
    return any(getattr(before, name) != getattr(now, name) for name in ("src", "dst", "mark", "tos"))


def _reroute(stack: Stack, skb: Skb, why: str) -> Way:
    from visualize.datapath.ip import route_again
    return (yield from route_again(stack, skb, why))


def _carry_out(stack: Stack, skb: Skb, changes: tuple[Outcome, ...]) -> None:
    """What rules asked of conntrack besides the mark."""
    for outcome in changes:
        if outcome.begets is not None and outcome.begets.clone is not None:
            from visualize.datapath.beget import clone
            clone(stack, skb, outcome.begets)
        change = outcome.connection
        if change is None:
            continue
        if skb.tracking is None and not skb.template:  # xt_ct_target: the first of them wins
            skb.notrack = change.notrack
            skb.zone = Zone(*change.zone) if change.zone is not None else skb.zone
            skb.helper = change.helper
            skb.template = change.notrack or change.zone is not None or change.helper is not None
        connection = skb.tracking.connection if skb.tracking is not None else None
        if connection is None:
            continue
        if change.helper is not None:
            connection.helper = change.helper
        if change.labels is not None:
            connection.labels = change.labels


def _verdict(stack: Stack, skb: Skb, here: Here, walked: Walked) -> Ended | None:
    """A table's verdict; REJECT's answer is begotten here, before the packet is dropped."""
    match walked.verdict:
        case RuleVerdict.ACCEPT:
            return None
        case RuleVerdict.QUEUE:
            return None  # taken as accepted by the program behind the queue; the target has said its doubt
        case RuleVerdict.STOLEN:
            return Ended(stack.netns, skb.packet, Verdict.UNKNOWN, None, f"taken out of the path by {walked.at}", at=walked.at)
        case _:
            pass
    begets = walked.outcome.begets if walked.outcome is not None else None
    if begets is not None and walked.outcome is not None:
        return _rejected(stack, skb, walked, begets)
    why = f"dropped by {walked.at}"
    return Ended(stack.netns, skb.packet, Verdict.DROPPED, None, why, at=walked.at)


def _rejected(stack: Stack, skb: Skb, walked: Walked, begets: Begets) -> Ended:
    from visualize.datapath.beget import reject
    sent = reject(stack, skb, begets)
    why = f"rejected by {walked.at} ({begets.kind})" + ("" if sent else ", without an answer")
    return Ended(stack.netns, skb.packet, Verdict.REJECTED, None, why, at=walked.at)


def _nat(stack: Stack, hook: Hook, skb: Skb, here: Here) -> Way:
    """nf_nat_inet_fn: rules for the first packet of a connection, the connection's mapping for all."""
    tracking = skb.tracking
    if tracking is None or tracking.connection is None:
        return None
    connection, source = tracking.connection, hook in (Hook.POSTROUTING, Hook.INPUT)
    by = "conntrack"
    kind = ""
    if tracking.state == "RELATED" and skb.packet.is_icmp_error:
        after = nat.translate_error(skb.packet, connection, tracking.reply, source)
        return (yield from _rewrite(stack, hook, skb, after, by, _kind(tracking.reply, source)))
    done = "SNAT_DONE" if source else "DNAT_DONE"
    if tracking.state in ("NEW", "RELATED") and done not in connection.flags:
        bound = yield from _bind(stack, hook, skb, here, source)
        if isinstance(bound, Ended):
            return bound
        if bound is not None:
            by, kind = "rule", bound.kind
    elif _left_elsewhere(connection, hook, here, tracking.reply):
        skb.journey.state.add("nat")
        stack.tracker.remove(connection)
        return Ended(stack.netns, skb.packet, Verdict.DROPPED, None,
                     f"its connection was masqueraded out of {connection.masquerade_interface}, and this packet would leave by "
                     f"{here.out_interface}: the kernel forgets the connection and drops the packet", at="nat POSTROUTING")
    after = nat.translate(skb.packet, connection, tracking.reply, source)
    return (yield from _rewrite(stack, hook, skb, after, by, kind or _kind(tracking.reply, source)))


def _left_elsewhere(connection: object, hook: Hook, here: Here, reply: bool) -> bool:
    """nf_nat_oif_changed: a masqueraded connection whose packet leaves by another interface."""
    interface = getattr(connection, "masquerade_interface", None)
    return hook is Hook.POSTROUTING and not reply and interface is not None and interface != here.out_interface


def _kind(reply: bool, source: bool) -> str:
    if reply:
        return "un-DNAT" if source else "un-SNAT"
    return "SNAT" if source else "DNAT"


def _rewrite(stack: Stack, hook: Hook, skb: Skb, after: Packet, by: str, kind: str) -> Way:
    before = skb.packet
    if after is before or after == before:
        return None
    skb.packet = after
    old, new = nat.difference(before, after)
    yield Rewritten(stack.netns, after, hook.value, kind, by, old, new)
    if hook is Hook.OUTPUT and before.dst != after.dst:
        return (yield from _reroute(stack, skb, "the destination was rewritten"))
    return None


def _bind(stack: Stack, hook: Hook, skb: Skb, here: Here, source: bool) -> Generator[Step, None, Ended | NatRequest | None]:
    """Ask the nat tables for a mapping, in order, until one binds; without any, the null binding."""
    assert skb.tracking is not None
    assert skb.tracking.connection is not None
    connection = skb.tracking.connection
    skb.journey.state.add("nat")
    request: NatRequest | None = None
    at = f"nat {hook.value}"
    turns: list[Turn] = []
    for table in stack.nat_chains(skb.packet.family, hook):
        walked = yield from _walk(stack, hook, skb, here, table, turns)
        ended = _verdict(stack, skb, here, walked)
        if ended is not None:
            return ended
        if walked.outcome is not None and walked.outcome.nat is not None:
            request, at = walked.outcome.nat, walked.at
            break
    try:
        if request is not None:
            request = _filled(stack, skb, here, request)
        original = connection.original_tuple
        nat.setup(connection, request, source, stack.tracker, skb.journey.now, skb.journey.doubts, at, stack.hints(original))
    except nat.NatFailed as error:
        return Ended(stack.netns, skb.packet, Verdict.DROPPED, None, f"NAT failed at {at}: {error}", at=at)
    if request is not None and request.kind == "MASQUERADE":
        connection.masquerade_interface = here.out_interface
    return request


def _filled(stack: Stack, skb: Skb, here: Here, request: NatRequest) -> NatRequest:
    """MASQUERADE's and REDIRECT's address (nf_nat_masquerade_ipv4, nf_nat_redirect)."""
    if request.addresses is not None or request.kind not in ("MASQUERADE", "REDIRECT"):
        return request
    address = _masquerade(stack, skb, here) if request.kind == "MASQUERADE" else _redirect(stack, skb, here)
    if address is None:
        device = here.out_interface if request.kind == "MASQUERADE" else here.in_interface
        raise nat.NatFailed(f"{request.kind} finds no address on {device}")
    return replace(request, addresses=(address, address))


def _masquerade(stack: Stack, skb: Skb, here: Here) -> IPAddress | None:
    hop = skb.route.nexthop if skb.route is not None else None
    toward = hop.gateway if hop is not None and hop.gateway is not None else skb.packet.dst
    if skb.packet.family == 6 or toward.version != 4:
        toward = skb.packet.dst
    return select_source(stack.namespace, here.out_interface or "", toward)


def _redirect(stack: Stack, skb: Skb, here: Here) -> IPAddress | None:
    from ipaddress import IPv4Address, IPv6Address
    if here.hook is Hook.OUTPUT:
        return IPv4Address("127.0.0.1") if skb.packet.family == 4 else IPv6Address("::1")
    interface = stack.interface(here.in_interface or "")
    if interface is None:
        return None
    held = [a for a in interface.addresses if a.family == skb.packet.family]
    if skb.packet.family == 4:
        return held[0].local if held else None
    wanted = [a for a in held if not {"tentative", "dadfailed"} & a.flags]
    scoped = [a for a in wanted if (a.scope == "link") == skb.packet.dst.is_link_local] or wanted
    return scoped[0].local if scoped else None


