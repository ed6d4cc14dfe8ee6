"""`-j TRACE`: marks the packet to be traced through all rules (trace_tg in xt_TRACE.c).

    -A PREROUTING -s 10.0.0.1/32 -j TRACE
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = ""


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j TRACE`: the walk goes on."""
    return passive(clause, OPTIONS)
