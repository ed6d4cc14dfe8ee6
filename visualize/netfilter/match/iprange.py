"""`-m iprange`: an address between two others (iprange_mt4, iprange_mt6 in xt_iprange.c).

    -A INPUT -m iprange ! --src-range 10.0.0.10-10.0.0.20 -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, address_range, not_known, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name not in ("--src-range", "--dst-range"):
        raise not_known(option)
    source = option.name == "--src-range"
    first, last = address_range(word(option))
    side = "source" if source else "destination"

    def check(packet: Packet, here: Here) -> Answer:
        address = packet.src if source else packet.dst
        inside = address.version == first.version and int(first) <= int(address) <= int(last)
        return decide(inside, f"{side} is {address}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m iprange`."""
    return All([_check(option) for option in clause.options])
