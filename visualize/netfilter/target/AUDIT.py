"""`-j AUDIT`: writes an audit record (audit_tg in xt_AUDIT.c).

    -A INPUT -j AUDIT --type drop
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--type"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j AUDIT`: the walk goes on."""
    return passive(clause, OPTIONS)
