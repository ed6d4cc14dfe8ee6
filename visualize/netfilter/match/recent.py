"""`-m recent`: lists of addresses seen lately (recent_mt in xt_recent.c).

    -A INPUT -p tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name SSH --rsource -j DROP

--set always matches. What a list held before the capture is not known unless its table had counted nothing yet: a doubt only while stamps
from before could still count (--seconds), and never against stamps that the capture itself has shown.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address

from snapshot.host.firewall import Clause
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, Truth, decide, unknown
from visualize.netfilter.bucket import MARGIN, START
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import address, integer, not_known, word
from visualize.packet.packet import Packet

ACTIONS = ("--set", "--rcheck", "--update", "--remove")
LARGEST = 100  # ip_list_tot: addresses kept in a list; the one not seen for longest makes room
FULL4, FULL6 = ip_address("255.255.255.255"), ip_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
KEPT = 256  # stamps kept for an address: more than any --hitcount


@dataclass(slots=True)
class Entry:
    """One address: when it was seen (ns), and the TTL that it had last."""

    stamps: list[int]
    ttl: int


@dataclass(slots=True)
class List:
    """One list: its entries, the one seen last behind the others; `complete` addresses have no stamps that were not shown."""

    entries: OrderedDict[IPAddress, Entry] = field(default_factory=OrderedDict)
    complete: set[IPAddress] = field(default_factory=set)

    def stamp(self, one: IPAddress, now: int, ttl: int) -> None:
        """The address was seen (recent_entry_init, recent_entry_update)."""
        if one not in self.entries and len(self.entries) >= LARGEST:
            self.entries.popitem(last=False)
        entry = self.entries.setdefault(one, Entry([], ttl))
        entry.stamps, entry.ttl = [*entry.stamps, now][-KEPT:], ttl
        self.entries.move_to_end(one)

    def reap(self, before: int, spared: IPAddress | None) -> None:
        """Forget the address that was not seen for longest, if that is long enough ago (recent_entry_reap)."""
        oldest = next(iter(self.entries), None)
        if oldest is not None and oldest != spared and self.entries[oldest].stamps[-1] < before:
            del self.entries[oldest]


@dataclass(slots=True)
class Recent:
    """The bound match. `mask` is None for all bits."""

    action: str = ""
    negated: bool = False
    name: str = "DEFAULT"
    seconds: int = 0
    hits: int = 0
    destination: bool = False
    mask: IPAddress | None = None
    same_ttl: bool = False
    reap: bool = False
    alone: bool | None = None  # every rule of this name has this mask; None: not looked yet

    def test(self, packet: Packet, here: Here) -> Answer:
        """Reads and keeps the list as the kernel does."""
        held, one = self._list(here), self._address(packet)
        now = here.time_ns or 0
        ttl = packet.ttl + (here.out_interface is not None and not here.local_origin)  # as it was before forwarding
        if self.action == "--set":
            held.stamp(one, now, ttl)
            return decide(True, f"{one} is put on the list", self.negated)
        entry = held.entries.get(one)
        if entry is not None and self.same_ttl and 0 not in (ttl, entry.ttl) and entry.ttl != ttl:
            entry = None
        answer = self._answer(entry, one, here, now, here.fresh or one in held.complete)
        if not self._alone(here):
            answer = unknown(f"-m recent: rules of the list {self.name} have different masks, and the one loaded first holds for all",
                             answer.truth is Truth.YES or answer.default, weak=False)
        matched = answer.negate(self.negated)
        taken = matched.default if matched.truth is Truth.UNKNOWN else matched.truth is Truth.YES
        if self.action == "--remove" and entry is not None:
            del held.entries[one]
        elif entry is not None and self.reap and self.seconds:
            held.reap(now - self.seconds * 10**9, one if self.action == "--update" and taken else None)
        if self.action == "--remove" and not self.same_ttl:
            held.complete.add(one)
        if self.action == "--update" and taken and entry is not None:
            held.stamp(one, now, ttl)
        return matched

    def _answer(self, entry: Entry | None, one: IPAddress, here: Here, now: int, complete: bool) -> Answer:
        """Whether the address is on the list often enough, before the `!`."""
        need = max(self.hits, 1)
        if self._times(entry, now, -MARGIN, need) >= need:
            return Answer(Truth.YES, f"{one} is on the list {self.name}")
        possible = self._times(entry, now, MARGIN, need)
        if possible < need and (complete or self._passed(here, now)):
            return decide(False, f"{one} is on the list {self.name} {possible} times")
        return unknown(f"-m recent {self.action}: what the list {self.name} held of {one} before the capture is not in a snapshot",
                       possible >= need, weak=False)

    def _alone(self, here: Here) -> bool:
        """A list has the mask of the rule that made it (recent_mt_check)."""
        if self.alone is None:
            rules = here.rules.holding(f"--name {self.name}") if here.rules is not None else []
            found = [bind(clause, here.family) for rule in rules for clause in rule.matches if clause.name == "recent"]
            whole = {"ip": FULL4, "ip6": FULL6}[here.family]
            self.alone = len({one.mask or whole for one in found if one.name == self.name}) < 2
        return self.alone

    def _times(self, entry: Entry | None, now: int, margin: float, need: int) -> int:
        """How many of an entry's stamps are young enough; for --remove any entry will do."""
        if entry is None:
            return 0
        if self.action == "--remove":
            return need
        if not self.seconds:
            return len(entry.stamps)
        oldest = self.seconds + margin
        return len([stamp for stamp in entry.stamps if (now - stamp) / 1e9 <= oldest])

    def _passed(self, here: Here, now: int) -> bool:
        """Every stamp from before the capture is too old by now."""
        start = here.memory.get(START)
        return bool(self.seconds) and self.action != "--remove" and isinstance(start, int) and (now - start) / 1e9 > self.seconds + MARGIN

    def _list(self, here: Here) -> List:
        held = here.memory.setdefault(f"recent {self.name}", List())
        assert isinstance(held, List)
        return held

    def _address(self, packet: Packet) -> IPAddress:
        one = packet.dst if self.destination else packet.src
        if self.mask is not None and self.mask.version == one.version:
            return ip_address((int(one) & int(self.mask)).to_bytes(len(one.packed), "big"))
        return one


def bind(clause: Clause, family: str) -> Recent:
    """Bind `-m recent`."""
    bound = Recent()
    for option in clause.options:
        match option.name:
            case "--set" | "--rcheck" | "--update" | "--remove":
                bound.action, bound.negated = option.name, option.negated
            case "--name":
                bound.name = word(option)
            case "--seconds":
                bound.seconds = integer(word(option))
            case "--hitcount":
                bound.hits = integer(word(option))
            case "--rsource" | "--rdest":
                bound.destination = option.name == "--rdest"
            case "--mask":
                bound.mask = address(word(option))
            case "--rttl":
                bound.same_ttl = True
            case "--reap":
                bound.reap = True
            case _:
                raise not_known(option)
    if bound.action not in ACTIONS:
        raise BindError("one of --set, --rcheck, --update, --remove is missing")
    return bound
