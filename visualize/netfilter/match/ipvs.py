"""`-m ipvs`: the packet belongs to an IPVS connection (ipvs_mt in xt_ipvs.c).

    -A POSTROUTING -m ipvs --vaddr 10.0.0.1/32 --vport 80 -j MASQUERADE
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--ipvs --vproto --vaddr --vport --vdir --vmethod --vportctl"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m ipvs`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "the IPVS table is not in a snapshot", settle="capture `ipvsadm -Ln`")
