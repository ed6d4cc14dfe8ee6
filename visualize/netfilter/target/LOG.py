"""`-j LOG`: writes the packet to the kernel's log (log_tg in xt_LOG.c).

    -A INPUT -j LOG --log-prefix "dropped: " --log-level 4
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--log-prefix --log-level --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j LOG`: the walk goes on."""
    return passive(clause, OPTIONS)
