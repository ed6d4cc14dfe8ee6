"""`-j SET`: adds the packet's element to an ipset, or deletes it (set_target_v3 in xt_set.c).

    -A INPUT -p tcp --dport 23 -j SET --add-set scanners src --exist --timeout 600

`-m set` sees the change for the rest of the replay, or until its --timeout.
"""

from snapshot.host.firewall import Clause
from snapshot.host.ipset import IpSet
from visualize.netfilter.answer import Answer, Truth, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.match.set import set_and_flags
from visualize.netfilter.membership import Added, Counting, membership, overlay
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import CONTINUE, Outcome
from visualize.netfilter.sets import Key, dimensions, values_of
from visualize.netfilter.watch import watch
from visualize.packet.packet import Packet

IGNORED = ("--map-mark", "--map-prio", "--map-queue")


class Set:
    """The bound target: (set, flags, added?) for each change."""

    def __init__(self, changes: list[tuple[str, tuple[str, ...], bool]], maps: str, exist: bool, timeout: int | None) -> None:
        self.changes, self.maps, self.exist, self.timeout = changes, maps, exist, timeout

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE; keeps the change in here.memory."""
        for name, flags, added in self.changes:
            ipset = here.world.ipset(name)
            if ipset is None or ipset.type == "list:set" or len(flags) < len(dimensions(ipset)):
                continue
            values = values_of(ipset, flags, watch(packet, here.read), here)
            if not isinstance(values, Answer):
                self._change(here, ipset, flags, values, added, packet)
        if self.maps:
            return Outcome(doubt=unknown(f"--map-set {self.maps}: marks kept in a set are not modelled"))
        return CONTINUE

    def _change(self, here: Here, ipset: IpSet, flags: tuple[str, ...], values: Key, added: bool, packet: Packet) -> None:
        """ip_set_add, ip_set_del: an element that is there keeps its timeout unless --exist says otherwise."""
        if added and not self.exist and membership(ipset.name, flags, packet, here, asked=Counting(update=False)).truth is Truth.YES:
            return
        seconds = self.timeout if self.timeout is not None else int(ipset.options.get("timeout", "0"))
        expires = here.time_ns + seconds * 10**9 if seconds and "timeout" in ipset.options and here.time_ns is not None else None
        overlay(here, ipset.name)[values] = Added(added, expires)


def bind(clause: Clause, family: str) -> Set:
    """Bind `-j SET`."""
    changes, maps, exist, timeout = [], "", False, None
    for option in clause.options:
        if option.name in ("--add-set", "--del-set"):
            name, flags = set_and_flags(option)
            changes.append((name, flags, option.name == "--add-set"))
        elif option.name == "--map-set":
            maps, _ = set_and_flags(option)
        elif option.name == "--exist":
            exist = True
        elif option.name == "--timeout":
            timeout = integer(word(option))
        elif option.name not in IGNORED:
            raise not_known(option)
    return Set(changes, maps, exist, timeout)
