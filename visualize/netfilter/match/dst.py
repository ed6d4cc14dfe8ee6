"""`-m dst`: the IPv6 destination options header (hbh_mt6 in ip6t_hbh.c, registered for it too).

    -A INPUT -m dst --dst-len 8 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.match.hbh import header_check, there_check
from visualize.netfilter.options import All


def bind(clause: Clause, family: str) -> All:
    """Bind `-m dst`."""
    return All([there_check(60, "dst"), *(header_check(option, 60, "dst") for option in clause.options)])
