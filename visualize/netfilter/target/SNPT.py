"""`-j SNPT`: rewrites an IPv6 prefix of the source without any connection (ip6t_snpt_tg in ip6t_NPT.c, RFC 6296).

    -A POSTROUTING -s fd00:1::/48 -j SNPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8:1::/48
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.target.DNPT import Npt, bind_npt


def bind(clause: Clause, family: str) -> Npt:
    """Bind `-j SNPT`."""
    return bind_npt(clause, "SNPT")
