"""`-m cluster`: this node's share of the connections (xt_cluster_mt in xt_cluster.c).

    -A PREROUTING -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef -j MARK
        --set-xmark 0xffff
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--cluster-total-nodes --cluster-local-node --cluster-local-nodemask --cluster-hash-seed"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m cluster`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "the kernel's hash over addresses is not modelled")
