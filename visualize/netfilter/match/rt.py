"""`-m rt`: the IPv6 routing header (rt_mt6 in ip6t_rt.c).

    -A INPUT -m rt --rt-type 0 -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no, unknown
from visualize.netfilter.headers import extension_header, not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.match.hbh import there_check
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet

ROUTING = 43


def _check(option: Option) -> Check:
    if option.name in ("--rt-0-res", "--rt-0-addrs", "--rt-0-not-strict"):
        return lambda packet, here: unknown(f"{option.name} is not modelled")
    fields = {"--rt-type": 2, "--rt-segsleft": 3, "--rt-len": 1}
    if option.name not in fields:
        raise not_known(option)
    first, last = number_range(word(option), 0xFFFFFFFF)

    def check(packet: Packet, here: Here) -> Answer:
        if ROUTING not in packet.extension_headers:
            return no("there is no routing header")
        header = extension_header(packet, ROUTING)
        if header is None or len(header) < 4:
            return not_captured("the routing header").negate(option.negated)
        value = header[fields[option.name]]
        value = (value + 1) * 8 if option.name == "--rt-len" else value
        return decide(first <= value <= last, f"{option.name[2:]} is {value}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m rt`."""
    return All([there_check(ROUTING, "routing"), *(_check(option) for option in clause.options)])
