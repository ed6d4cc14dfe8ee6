"""`-j TTL`: sets, raises or lowers the time to live (ttl_tg in xt_HL.c).

    -A PREROUTING -i eth0 -j TTL --ttl-inc 1

The target itself drops nothing: a TTL that is 0 afterwards is dropped where routing looks at it.
"""


from snapshot.host.firewall import Clause
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.netfilter.outcome import Outcome
from visualize.packet.packet import Packet, but


class Hops:
    """The bound target of TTL and HL: `mode` set, inc or dec."""

    steady = True

    def __init__(self, kind: str, mode: str, number: int) -> None:
        self.kind, self.mode, self.number = kind, mode, number

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE; the result stays between 0 and 255."""
        step = {"inc": self.number, "dec": -self.number}.get(self.mode)
        ttl = self.number if step is None else min(255, max(0, packet.ttl + step))
        return Outcome(packet=but(packet, ttl=ttl), kind=self.kind)


def bind_hops(clause: Clause, kind: str, prefix: str) -> Hops:
    """Bind --ttl-set, --ttl-inc, --ttl-dec, or the same of --hl."""
    for option in clause.options:
        mode = option.name.removeprefix(prefix)
        if mode not in ("set", "inc", "dec"):
            raise not_known(option)
        return Hops(kind, mode, integer(word(option), 255))
    raise BindError("the value is missing")


def bind(clause: Clause, family: str) -> Hops:
    """Bind `-j TTL`."""
    return bind_hops(clause, "TTL", "--ttl-")
