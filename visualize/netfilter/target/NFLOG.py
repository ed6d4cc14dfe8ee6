"""`-j NFLOG`: hands a copy to a logging process (nflog_tg in xt_NFLOG.c).

    -A INPUT -j NFLOG --nflog-group 2
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--nflog-group --nflog-prefix --nflog-range --nflog-size --nflog-threshold"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j NFLOG`: the walk goes on."""
    return passive(clause, OPTIONS)
