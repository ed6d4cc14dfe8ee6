"""Whether a packet is in a set (ip_set_test), with what moves while packets pass: elements added by `-j SET`, timeouts, counters."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from snapshot.host.ipset import IpSet, SetEntry
from visualize.netfilter.answer import Answer, Truth, decide, every, no, unknown, yes
from visualize.netfilter.bucket import MARGIN, START
from visualize.netfilter.here import Here
from visualize.netfilter.sets import Index, Key, Shape, dimensions, index_of, values_of
from visualize.packet.packet import Packet

DEPTH = 8  # list:set in list:set is not allowed by the kernel; a stranger's text may hold a circle


@dataclass(slots=True)
class Added:
    """What `-j SET` made of an element: there (until `expires`, capture clock in ns), or deleted."""

    there: bool
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Counting:
    """What `-m set` asks of an element's counters, as (`eq`, `lt` or `gt`, number); `update`: this test counts the packet there."""

    packets: tuple[str, int] | None = None
    bytes: tuple[str, int] | None = None
    update: bool = True


PLAIN = Counting()
COMPARE = {"eq": int.__eq__, "ne": int.__ne__, "lt": int.__lt__, "gt": int.__gt__}
SLACK = 30 * 10**9  # ns: how long after the collector began a set may have been saved


def overlay(here: Here, name: str) -> dict[Key, Added]:
    """What `-j SET` added and deleted during this replay."""
    held = here.memory.setdefault(f"set {here.world.netns} {name}", {})
    assert isinstance(held, dict)
    return held


def _alive(entry: SetEntry, here: Here) -> Answer:
    """Whether an entry with a timeout is still there; what is left of it was saved in whole seconds (ip_set_timeout_get)."""
    left, captured, now = int(entry.options.get("timeout", "0")), here.world.captured, here.time_ns
    if not left:
        return yes()
    if captured is not None and now is not None:
        start = here.memory.get(START, now)
        assert isinstance(start, int)
        if captured <= now < captured + (left if left > 1 else 0) * 10**9:
            return yes()
        if now > max(start, captured + SLACK) + (left + 1) * 10**9:
            return no(f"{entry.element} timed out {left} s after the snapshot")
    return unknown(f"{entry.element} lived {left} s from the snapshot on; assumed to be there", True, weak=False)


def _counted(ipset: IpSet, entry: SetEntry, packet: Packet, here: Here, asked: Counting) -> Answer:
    """Count the packet at the entry, and compare (ip_set_match_extensions). A set without counters compares nothing."""
    if "packets" not in entry.options:
        return yes()
    counters = here.memory.setdefault(f"counters {here.world.netns} {ipset.name}", {})
    assert isinstance(counters, dict)
    held = counters.setdefault(entry.element, [int(entry.options["packets"]), int(entry.options.get("bytes", "0"))])
    if asked.update:
        held[0], held[1] = held[0] + 1, held[1] + packet.length
    asks = [(ask, value) for ask, value in ((asked.packets, held[0]), (asked.bytes, held[1])) if ask is not None]
    if not asks:
        return yes()
    held_true = all(COMPARE[ask[0]](value, ask[1]) for ask, value in asks)
    why = f"{entry.element} in set {ipset.name} has counted {held[0]} packets, {held[1]} bytes"
    if here.fresh:
        return decide(held_true, why)
    return unknown(f"{why} if none passed between the snapshot and the capture", held_true, weak=False)


def _in_set(ipset: IpSet, values: Key, packet: Packet, here: Here, return_nomatch: bool, asked: Counting) -> Answer:
    """The first entry that holds the values, is alive, and whose counters agree, decides (mtype_test, mtype_test_cidrs)."""
    index, bits, kinds = index_of(ipset), 128 if packet.family == 6 else 32, dimensions(ipset)
    changed = overlay(here, ipset.name).get(values)
    doubts: list[Answer] = []
    for shape, entry in _candidates(index, values, bits, kinds):
        if changed is not None and not changed.there and _whole(shape, bits, kinds):
            continue
        answer = every([_alive(entry, here), _counted(ipset, entry, packet, here, asked)])
        if answer.truth is Truth.NO:
            continue
        if "nomatch" in entry.options:
            held = decide(return_nomatch, f"{entry.element} in set {ipset.name} says nomatch")
        else:
            held = decide(not return_nomatch or "net" not in ipset.type, f"{entry.element} in set {ipset.name} is no nomatch entry")
        if answer.truth is Truth.YES:
            return every([*doubts, held])
        doubts.append(replace(answer, why=f"set {ipset.name}: {answer.why}", default=answer.default and held.truth is Truth.YES))
    if doubts:
        return doubts[0]
    if index.unreadable:
        return unknown(f"set {ipset.name} has {index.unreadable} entries that were not understood")
    return no(f"not in set {ipset.name}")


def _candidates(index: Index, values: Key, bits: int, kinds: tuple[str, ...]) -> Iterator[tuple[Shape, SetEntry]]:
    yield from index.candidates(values, bits, kinds[-1] == "iface")
    if kinds == ("ip", "mac"):
        yield from index.candidates((values[0], ""), bits)  # an entry without a MAC takes any


def _whole(shape: Shape, bits: int, kinds: tuple[str, ...]) -> bool:
    """An entry for this one element, no network: what -j SET deletes."""
    return all(length == bits for length, kind in zip(shape, kinds, strict=True) if kind in ("ip", "net"))


def _still_added(ipset: IpSet, changed: Added | None, here: Here, asked: Counting) -> Answer | None:
    """What `-j SET --add-set` has put there during the replay; None where it put nothing, or that has timed out."""
    if changed is None or not changed.there:
        return None
    if asked.packets or asked.bytes:
        return unknown(f"set {ipset.name}: counters of elements added by -j SET are not modelled")
    if changed.expires is None or here.time_ns is None:
        return yes()
    if abs(here.time_ns - changed.expires) < MARGIN * 1e9:
        return unknown(f"set {ipset.name}: the element times out just now", True, weak=False)
    return yes() if here.time_ns < changed.expires else None


def _member_list(ipset: IpSet, flags: tuple[str, ...], packet: Packet, here: Here, return_nomatch: bool, asked: Counting,
                 depth: int) -> Answer:
    """list:set: the first member set that holds the packet decides."""
    if asked.packets or asked.bytes:
        return unknown(f"set {ipset.name}: counters of a list of sets are not modelled")
    answers = []
    for entry in ipset.entries:
        answer = membership(entry.element, flags, packet, here, return_nomatch, asked, depth + 1)
        if answer.truth is Truth.YES:
            return answer
        answers.append(answer)
    return max(answers, key=lambda one: one.truth, default=no(f"set {ipset.name} is empty"))


def membership(name: str, flags: tuple[str, ...], packet: Packet, here: Here, return_nomatch: bool = False, asked: Counting = PLAIN,
               depth: int = 0) -> Answer:
    """Whether the packet is in the set `name`, each dimension read from `flags` (src or dst)."""
    ipset = here.world.ipset(name)
    if ipset is None:
        return unknown(f"set {name} is not in the snapshot", settle="capture `ipset save`")
    if ipset.type == "list:set":
        return _member_list(ipset, flags, packet, here, return_nomatch, asked, depth) if depth < DEPTH else no("sets in a circle")
    family = {"inet": 4, "inet6": 6}.get(ipset.family or "")
    if len(flags) < len(dimensions(ipset)) or (family is not None and family != packet.family):
        return no(f"set {name} is of another kind ({ipset.type} {ipset.family or ''})".rstrip())
    values = values_of(ipset, flags, packet, here)
    if isinstance(values, Answer):
        return values
    changed = overlay(here, name).get(values)
    return _still_added(ipset, changed, here, asked) or _in_set(ipset, values, packet, here, return_nomatch, asked)
