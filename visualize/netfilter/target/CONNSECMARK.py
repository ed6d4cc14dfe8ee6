"""`-j CONNSECMARK`: copies the security mark from or to the connection (connsecmark_tg in xt_CONNSECMARK.c).

    -A INPUT -j CONNSECMARK --restore
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--save --restore"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j CONNSECMARK`: the walk goes on."""
    return passive(clause, OPTIONS)
