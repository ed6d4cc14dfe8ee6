"""`-j SNAT`: asks conntrack to give the connection another source (xt_snat_target_v1 in xt_nat.c).

    -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j SNAT --to-source 192.0.2.1:1024-65535 --random-fully
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.target.DNAT import Nat, bind_nat, same_family


def bind(clause: Clause, family: str) -> Nat:
    """Bind `-j SNAT`."""
    bound = bind_nat(clause, "SNAT", True, "--to-source")
    same_family(bound.request, family)
    return bound
