"""`-j HMARK`: makes a mark by hashing addresses and ports (hmark_tg_v4, hmark_tg_v6 in xt_HMARK.c).

    -A PREROUTING -j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-offset 100 --hmark-rnd 0xfeedcafe
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import not_known
from visualize.netfilter.outcome import Outcome
from visualize.packet.packet import Packet


class Hmark:
    """The bound target."""

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the old mark, in doubt."""
        return Outcome(doubt=unknown("HMARK: the kernel's hash is not modelled; the mark is left as it was"))


def bind(clause: Clause, family: str) -> Hmark:
    """Bind `-j HMARK`."""
    for option in clause.options:
        if not option.name.startswith("--hmark-"):
            raise not_known(option)
    return Hmark()
