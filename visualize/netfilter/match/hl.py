"""`-m hl`: the IPv6 hop limit (hl_mt6 in xt_hl.c).

    -A INPUT -p ipv6-icmp -m hl --hl-eq 255 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.match.ttl import hops_check
from visualize.netfilter.options import All


def bind(clause: Clause, family: str) -> All:
    """Bind `-m hl`."""
    return All([hops_check(option, "--hl") for option in clause.options])
