"""`-j RATEEST`: feeds a rate estimator (xt_rateest_tg in xt_RATEEST.c).

    -A POSTROUTING -j RATEEST --rateest-name eth0 --rateest-interval 250ms --rateest-ewmalog 0.5s
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--rateest-name --rateest-interval --rateest-ewmalog"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j RATEEST`: the walk goes on."""
    return passive(clause, OPTIONS)
