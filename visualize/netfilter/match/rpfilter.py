"""`-m rpfilter`: whether the way back to the source leads out of the incoming interface (rpfilter_mt in ipt_rpfilter.c).

    -A PREROUTING -m rpfilter --validmark --invert -j DROP
"""

from ipaddress import IPv4Address

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import not_known
from visualize.packet.packet import Packet


class Rpfilter:
    """The bound match."""

    def __init__(self, options: frozenset[str]) -> None:
        self.loose, self.valid_mark = "--loose" in options, "--validmark" in options
        self.accept_local, self.invert = "--accept-local" in options, "--invert" in options

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES for loopback, for what can't be routed anyway, and where the way back fits."""
        name = here.in_interface or ""
        if self._passes(packet, here, name):
            return decide(True, "the way back is not looked at for such a packet", self.invert)
        mark = packet.mark if self.valid_mark else 0
        fits = here.world.reverse_path(packet, name, mark, self.loose, self.accept_local)
        if fits is None:
            return unknown(f"the way back to {packet.src} is not known: routes were not captured", True,
                           "capture `ip route show table all`").negate(self.invert)
        return decide(fits, f"the way back to {packet.src} {'is' if fits else 'is not'} {name}", self.invert)

    def _passes(self, packet: Packet, here: Here, name: str) -> bool:
        interface = here.world.interface(name)
        if name == "lo" or (interface is not None and interface.loopback):
            return True
        if isinstance(packet.src, IPv4Address):
            zero = packet.src.packed[0] == 0
            local_group = packet.dst.packed[:3] == b"\xe0\x00\x00"
            return zero and (packet.dst == IPv4Address("255.255.255.255") or local_group)
        return int(packet.src) == 0


def bind(clause: Clause, family: str) -> Rpfilter:
    """Bind `-m rpfilter`."""
    for option in clause.options:
        if option.name not in ("--loose", "--validmark", "--accept-local", "--invert"):
            raise not_known(option)
    return Rpfilter(frozenset(option.name for option in clause.options))
