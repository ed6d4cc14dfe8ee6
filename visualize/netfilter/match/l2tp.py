"""`-m l2tp`: fields of an L2TP header (l2tp_mt in xt_l2tp.c).

    -A INPUT -p udp -m l2tp --tid 42 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--tid --sid --pversion --type"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m l2tp`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "the L2TP header is not decoded")
