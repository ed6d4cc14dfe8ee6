"""`-j SECMARK`: sets the security mark, which no rule reads (secmark_tg in xt_SECMARK.c).

    -A INPUT -j SECMARK --selctx system_u:object_r:httpd_packet_t:s0
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--selctx"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j SECMARK`: the walk goes on."""
    return passive(clause, OPTIONS)
