"""`-m dscp`: the upper six bits of the TOS byte (dscp_mt in xt_dscp.c).

    -A FORWARD -m dscp --dscp-class EF -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, word
from visualize.packet.packet import Packet

CLASSES = {f"CS{n}": n << 3 for n in range(8)} | {f"AF{c}{d}": c << 3 | d << 1 for c in range(1, 5) for d in range(1, 4)}
CLASSES |= {"BE": 0, "EF": 0x2E}


def dscp_value(option: Option, number: str, name: str) -> int:
    """The value of a pair of options: a number (--dscp) or a class (--dscp-class)."""
    if option.name == number:
        return integer(word(option), 63)
    if option.name != name:
        raise not_known(option)
    if word(option).upper() not in CLASSES:
        raise BindError(f"DSCP class {word(option)!r} is not known")
    return CLASSES[word(option).upper()]


def _check(option: Option) -> Check:
    wanted = dscp_value(option, "--dscp", "--dscp-class")

    def check(packet: Packet, here: Here) -> Answer:
        return decide(packet.tos >> 2 == wanted, f"DSCP is {packet.tos >> 2:#04x}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m dscp`."""
    return All([_check(option) for option in clause.options])
