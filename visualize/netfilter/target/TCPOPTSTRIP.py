"""`-j TCPOPTSTRIP`: overwrites TCP options with NOPs (tcpoptstrip_mangle_packet in xt_TCPOPTSTRIP.c).

    -A FORWARD -p tcp -j TCPOPTSTRIP --strip-options timestamp,sack-permitted
"""

from dataclasses import replace

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import TCPOPT_NOP, tcp_option_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, words
from visualize.netfilter.outcome import CONTINUE, Outcome
from visualize.packet.packet import Packet, Protocol

NAMES = {"wscale": 3, "mss": 2, "sack-permitted": 4, "sack": 5, "timestamp": 8, "md5": 19}


class Tcpoptstrip:
    """The bound target."""

    def __init__(self, kinds: frozenset[int]) -> None:
        self.kinds = kinds

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with NOPs in the place of the options."""
        if packet.protocol != Protocol.TCP or packet.fragment_offset > 0:
            return CONTINUE
        if packet.cut and isinstance(tcp_option_bytes(packet), Answer):
            return Outcome(doubt=unknown("TCPOPTSTRIP: the capture lacks the TCP options that it may change", settle="tcpdump -s 0"))
        options, at = bytearray(packet.tcp_options), 0
        while at < len(options):
            size = 1 if options[at] < 2 else (options[at + 1] if at + 1 < len(options) else 0) or 1
            if at + size > len(options):
                break
            if options[at] in self.kinds and options[at] > 1:
                options[at:at + size] = bytes([TCPOPT_NOP]) * size
            at += size
        return Outcome(packet=replace(packet, tcp_options=bytes(options)), kind="TCPOPTSTRIP")


def bind(clause: Clause, family: str) -> Tcpoptstrip:
    """Bind `-j TCPOPTSTRIP`."""
    kinds: set[int] = set()
    for option in clause.options:
        if option.name != "--strip-options":
            raise not_known(option)
        kinds |= {NAMES[part] if part in NAMES else integer(part, 255) for part in words(option)}
    if not kinds:
        raise BindError("--strip-options is missing")
    return Tcpoptstrip(frozenset(kinds))
