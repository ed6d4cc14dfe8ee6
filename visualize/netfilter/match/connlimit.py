"""`-m connlimit`: how many connections an address has (connlimit_mt in xt_connlimit.c, nf_conncount.c).

    -A INPUT -p tcp --syn -m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr -j REJECT

The kernel counts, for each rule, the connections whose packets have met that rule and that conntrack still holds. Those from before the
capture are in the captured table, but whether they met the rule is not told: a doubt only where they would make a difference.
"""

from collections.abc import Iterable

from snapshot.host.firewall import Clause
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import ConnectionView, Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet

UNREAD = "unread"  # the key of here.memory that is true once conntrack met a packet of which the capture lacks what it reads


class Connlimit:
    """The bound match. The connections that met the rule are kept in here.memory, under its key."""

    def __init__(self, limit: int, upto: bool, bits: int, destination: bool) -> None:
        self.limit, self.upto, self.bits, self.destination = limit, upto, bits, destination

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES above the limit, or up to it."""
        here.read.add("connections")
        group = self._group(packet.dst if self.destination else packet.src)
        met = self._met(here, group)
        now = here.time_ns
        alive = [one for one in met if one is not here.connection and one.counted(now)]
        met[:] = alive if here.connection is None else [*alive, here.connection]
        low = high = len(alive) + 1
        if not here.fresh:
            others = [one for one in self._same(here, group) if one is not here.connection and one not in alive]
            high += len(others)
        if here.memory.get(UNREAD):
            high = max(high, self.limit + 1)  # a cut packet may have begun a connection that nobody knows
        if (low > self.limit) == (high > self.limit):
            return decide(low > self.limit, f"{low} connections of {packet.src}, the limit is {self.limit}", self.upto)
        return unknown(f"-m connlimit: {low} to {high} connections, the limit is {self.limit}; which of them met this rule before the capture "
                       "is not in a snapshot", high > self.limit, weak=False).negate(self.upto)

    def _group(self, one: IPAddress) -> tuple[int, int]:
        size = len(one.packed) * 8
        drop = size - min(self.bits, size)
        return one.version, int(one) >> drop << drop

    def _met(self, here: Here, group: tuple[int, int]) -> list[ConnectionView]:
        held = here.memory.setdefault(f"connlimit {here.rule_key}", {})
        assert isinstance(held, dict)
        found: list[ConnectionView] = held.setdefault(group, [])
        return found

    def _same(self, here: Here, group: tuple[int, int]) -> Iterable[ConnectionView]:
        for one in here.world.connections():
            side = one.original.destination if self.destination else one.original.source
            other = one.reply.destination if self.destination else one.reply.source
            if group in (self._group(side), self._group(other)) and one.counted(here.time_ns):
                yield one


def bind(clause: Clause, family: str) -> Connlimit:
    """Bind `-m connlimit`."""
    limit, upto, bits, destination = -1, False, 128, False
    for option in clause.options:
        match option.name:
            case "--connlimit-above" | "--connlimit-upto":
                limit, upto = integer(word(option)), (option.name == "--connlimit-upto") != option.negated
            case "--connlimit-mask":
                bits = integer(word(option), 128)
            case "--connlimit-saddr" | "--connlimit-daddr":
                destination = option.name == "--connlimit-daddr"
            case _:
                raise not_known(option)
    if limit < 0:
        raise BindError("--connlimit-above or --connlimit-upto is missing")
    return Connlimit(limit, upto, bits, destination)
