"""`-m ttl`: the IPv4 time to live (ttl_mt in xt_hl.c).

    -A FORWARD -m ttl --ttl-lt 5 -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, word
from visualize.packet.packet import Packet


def hops_check(option: Option, prefix: str) -> Check:
    """--ttl-eq, --ttl-lt, --ttl-gt, or the same of --hl; a plain --ttl is --ttl-eq."""
    comparison = option.name.removeprefix(prefix)
    if comparison not in ("", "-eq", "-lt", "-gt"):
        raise not_known(option)
    number = integer(word(option), 255)

    def check(packet: Packet, here: Here) -> Answer:
        held = {"-lt": packet.ttl < number, "-gt": packet.ttl > number}.get(comparison, packet.ttl == number)
        return decide(held, f"TTL is {packet.ttl}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m ttl`."""
    return All([hops_check(option, "--ttl") for option in clause.options])
