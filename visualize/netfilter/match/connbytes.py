"""`-m connbytes`: how much the connection has carried (connbytes_mt in xt_connbytes.c).

    -A FORWARD -m connbytes --connbytes 100000: --connbytes-dir both --connbytes-mode bytes -j MARK --set-xmark 0x1

The packet itself is counted already. Without accounting (net.netfilter.nf_conntrack_acct) a captured connection's count is not known.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, no, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet

DIRECTIONS, MODES = ("original", "reply", "both"), ("packets", "bytes", "avgpkt")


class Connbytes:
    """The bound match: a range of packets, bytes, or bytes per packet, of one direction or both."""

    def __init__(self, first: int, last: int | None, direction: str, mode: str, negated: bool) -> None:
        self.first, self.last, self.direction, self.mode, self.negated = first, last, direction, mode, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """NO without a connection, also when negated."""
        connection = here.connection
        if connection is None:
            return no("the packet belongs to no connection")
        here.read.add("connection's counters")
        if connection.carried is None:
            return unknown("-m connbytes: what the connection carried before the capture is not known").negate(self.negated)
        what = self._value(connection.carried)
        inside = self.first <= what and (self.last is None or what <= self.last)
        return decide(inside, f"the connection has carried {what} {self.mode} ({self.direction})", self.negated)

    def _value(self, carried: list[list[int]]) -> int:
        """From [packets, bytes] of each direction."""
        chosen = {"original": carried[:1], "reply": carried[1:]}.get(self.direction, carried)
        packets, size = sum(one[0] for one in chosen), sum(one[1] for one in chosen)
        if self.mode == "avgpkt":
            return size // packets if packets else 0
        return packets if self.mode == "packets" else size


def bind(clause: Clause, family: str) -> Connbytes:
    """Bind `-m connbytes`."""
    span, negated, direction, mode = "", False, "", ""
    for option in clause.options:
        match option.name:
            case "--connbytes":
                span, negated = word(option), option.negated
            case "--connbytes-dir":
                direction = word(option)
            case "--connbytes-mode":
                mode = word(option)
            case _:
                raise not_known(option)
    if not span or direction not in DIRECTIONS or mode not in MODES:
        raise BindError("--connbytes, --connbytes-dir and --connbytes-mode are all needed")
    first, _, last = span.partition(":")
    end = integer(last, 2**64 - 1) if last else None  # `--connbytes 5` is `5:`, as iptables has it
    return Connbytes(integer(first or "0", 2**64 - 1), end, direction, mode, negated)
