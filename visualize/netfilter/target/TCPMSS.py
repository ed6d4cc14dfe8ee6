"""`-j TCPMSS`: lowers the MSS that a SYN announces (tcpmss_mangle_packet in xt_TCPMSS.c).

    -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu

It never raises one, and adds the option (at most 536, or 1220 for IPv6) where it is missing and no data follows. The path MTU is
taken from the interfaces; a route's own is not modelled.
"""

from dataclasses import replace

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import TCPOPT_MSS, tcp_option_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import CONTINUE, Outcome, RuleVerdict
from visualize.packet.packet import Packet, Protocol


class Tcpmss:
    """The bound target; `mss` None clamps to the path MTU."""

    def __init__(self, mss: int | None) -> None:
        self.mss = mss

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the lowered option; DROP where the path MTU has no room for a header."""
        if packet.protocol != Protocol.TCP or packet.fragment_offset > 0:
            return CONTINUE
        options = tcp_option_bytes(packet)
        if isinstance(options, Answer):
            return CONTINUE if options.hotdrop else Outcome(doubt=unknown(
                "TCPMSS: the capture lacks the TCP options that it may change", settle="tcpdump -s 0"))
        overhead = 40 if packet.family == 4 else 60
        mtu = self._path_mtu(here)
        if self.mss is None and mtu is None:
            return Outcome(note="the path MTU is not known")
        mss = self.mss if self.mss is not None else (mtu or 0) - overhead
        if mss <= 0:
            return Outcome(RuleVerdict.DROP, note=f"the path MTU {mtu} has no room")
        return Outcome(packet=_lowered(packet, mss), kind="TCPMSS")

    def _path_mtu(self, here: Here) -> int | None:
        found = [here.world.interface(name) for name in (here.in_interface, here.out_interface) if name]
        return min((one.mtu for one in found if one is not None), default=None)


def _lowered(packet: Packet, mss: int) -> Packet:
    options, at = packet.tcp_options, 0
    while at + 4 <= len(options):
        if options[at] == TCPOPT_MSS and options[at + 1] == 4:
            if int.from_bytes(options[at + 2:at + 4], "big") <= mss:
                return packet
            return replace(packet, tcp_options=options[:at + 2] + mss.to_bytes(2, "big") + options[at + 4:])
        at += 1 if options[at] < 2 else options[at + 1] or 1
    if packet.transport_length or len(options) >= 40:
        return packet
    added = bytes((TCPOPT_MSS, 4)) + min(mss, 536 if packet.family == 4 else 1220).to_bytes(2, "big")
    return replace(packet, tcp_options=added + options, length=packet.length + 4 if packet.length else 0)


def bind(clause: Clause, family: str) -> Tcpmss:
    """Bind `-j TCPMSS`."""
    for option in clause.options:
        if option.name == "--set-mss":
            return Tcpmss(integer(word(option), 65535))
        if option.name != "--clamp-mss-to-pmtu":
            raise not_known(option)
        return Tcpmss(None)
    raise BindError("--set-mss or --clamp-mss-to-pmtu is missing")
