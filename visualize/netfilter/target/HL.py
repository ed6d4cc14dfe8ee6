"""`-j HL`: sets, raises or lowers the IPv6 hop limit (hl_tg6 in xt_HL.c).

    -A POSTROUTING -o eth0 -j HL --hl-set 64
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.target.TTL import Hops, bind_hops


def bind(clause: Clause, family: str) -> Hops:
    """Bind `-j HL`."""
    return bind_hops(clause, "HL", "--hl-")
