"""`-m rateest`: a rate estimator's value (xt_rateest_mt in xt_rateest.c).

    -A OUTPUT -m rateest --rateest eth0 --rateest-lt --rateest-bps 1mbit -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = ("--rateest --rateest1 --rateest2 --rateest-delta --rateest-lt --rateest-gt "
           "--rateest-eq --rateest-bps --rateest-bps1 --rateest-bps2 --rateest-pps --rateest-pps1 --rateest-pps2")


def bind(clause: Clause, family: str) -> All:
    """Bind `-m rateest`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "the estimator's value is not in a snapshot")
