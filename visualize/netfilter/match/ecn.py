"""`-m ecn`: the ECN bits of IP and TCP (ecn_mt4, ecn_mt6 in xt_ecn.c).

    -A INPUT -p tcp -m ecn --ecn-tcp-ece -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import not_captured, unwalked
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, word
from visualize.packet.packet import CWR, ECE, Packet, Protocol


def _flag_check(option: Option, bit: int) -> Check:
    name = option.name.removeprefix("--ecn-tcp-").upper()

    def check(packet: Packet, here: Here) -> Answer:
        if packet.protocol != Protocol.TCP or packet.fragment_offset > 0:
            return unwalked(packet) or no("not a TCP header")
        if packet.tcp_flags is None:
            return not_captured("the TCP flags").negate(option.negated)
        return decide(bool(packet.tcp_flags & bit), f"{name} is {'set' if packet.tcp_flags & bit else 'not set'}", option.negated)

    return check


def _ect_check(option: Option) -> Check:
    wanted = integer(word(option), 3)

    def check(packet: Packet, here: Here) -> Answer:
        return decide(packet.tos & 3 == wanted, f"ECN is {packet.tos & 3}", option.negated)

    return check


def _check(option: Option) -> Check:
    match option.name:
        case "--ecn-tcp-cwr":
            return _flag_check(option, CWR)
        case "--ecn-tcp-ece":
            return _flag_check(option, ECE)
        case "--ecn-ip-ect":
            return _ect_check(option)
        case _:
            raise not_known(option)


def bind(clause: Clause, family: str) -> All:
    """Bind `-m ecn`."""
    return All([_check(option) for option in clause.options])
