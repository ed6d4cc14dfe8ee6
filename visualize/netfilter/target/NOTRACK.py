"""`-j NOTRACK`: the old spelling of `-j CT --notrack` (notrack_tg in xt_CT.c).

    -A PREROUTING -p udp --dport 53 -j NOTRACK
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import not_known
from visualize.netfilter.outcome import ConnectionChange
from visualize.netfilter.target.CT import Ct


def bind(clause: Clause, family: str) -> Ct:
    """Bind `-j NOTRACK`."""
    for option in clause.options:
        raise not_known(option)
    return Ct(ConnectionChange(notrack=True))
