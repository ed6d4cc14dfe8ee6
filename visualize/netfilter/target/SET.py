"""`-j SET`: adds the packet's element to an ipset, or deletes it (set_target_v3 in xt_set.c).

    -A INPUT -p tcp --dport 23 -j SET --add-set scanners src --exist --timeout 600

`-m set` sees the change for the rest of the replay; a --timeout is not counted down.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.match.set import set_and_flags
from visualize.netfilter.options import not_known
from visualize.netfilter.outcome import CONTINUE, Outcome
from visualize.netfilter.sets import dimensions, overlay, values_of
from visualize.netfilter.watch import watch
from visualize.packet.packet import Packet

IGNORED = ("--exist", "--timeout", "--map-mark", "--map-prio", "--map-queue")


class Set:
    """The bound target: (set, flags, added?) for each change."""

    def __init__(self, changes: list[tuple[str, tuple[str, ...], bool]], maps: str) -> None:
        self.changes, self.maps = changes, maps

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE; keeps the change in here.memory."""
        for name, flags, added in self.changes:
            ipset = here.world.ipset(name)
            if ipset is None or ipset.type == "list:set" or len(flags) < len(dimensions(ipset)):
                continue
            values = values_of(ipset, flags, watch(packet, here.read), here)
            if not isinstance(values, Answer):
                overlay(here, name)[values] = added
        if self.maps:
            return Outcome(doubt=unknown(f"--map-set {self.maps}: marks kept in a set are not modelled"))
        return CONTINUE


def bind(clause: Clause, family: str) -> Set:
    """Bind `-j SET`."""
    changes, maps = [], ""
    for option in clause.options:
        if option.name in ("--add-set", "--del-set"):
            name, flags = set_and_flags(option)
            changes.append((name, flags, option.name == "--add-set"))
        elif option.name == "--map-set":
            maps, _ = set_and_flags(option)
        elif option.name not in IGNORED:
            raise not_known(option)
    return Set(changes, maps)
