"""`-j REDIRECT`: DNAT to this host itself (redirect_tg4, redirect_tg6 in xt_REDIRECT.c, nf_nat_redirect_ipv4).

    -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.target.DNAT import Nat
from visualize.netfilter.target.MASQUERADE import bind_ports


def bind(clause: Clause, family: str) -> Nat:
    """Bind `-j REDIRECT`."""
    return bind_ports(clause, "REDIRECT", False)
