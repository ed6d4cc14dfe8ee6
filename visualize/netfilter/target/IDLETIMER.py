"""`-j IDLETIMER`: restarts a timer that tells when a class of traffic is idle (idletimer_tg in xt_IDLETIMER.c).

    -A OUTPUT -j IDLETIMER --timeout 60 --label mobile
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--timeout --label --alarm"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j IDLETIMER`: the walk goes on."""
    return passive(clause, OPTIONS)
