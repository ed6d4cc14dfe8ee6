"""`-j CLASSIFY`: sets the queueing class, which no rule reads (classify_tg in xt_CLASSIFY.c).

    -A POSTROUTING -j CLASSIFY --set-class 0001:0010
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--set-class"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j CLASSIFY`: the walk goes on."""
    return passive(clause, OPTIONS)
