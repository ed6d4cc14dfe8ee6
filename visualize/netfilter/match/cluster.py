"""`-m cluster`: this node's share of the connections, by a hash of the original source (xt_cluster_mt in xt_cluster.c).

    -A PREROUTING -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef -j MARK
        --set-xmark 0xffff
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, no, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.jhash import jhash2, scaled, words
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet


class Cluster:
    """The bound match: `nodes` is the mask of the nodes that this machine stands for."""

    def __init__(self, total: int, nodes: int, seed: int, negated: bool) -> None:
        self.total, self.nodes, self.seed, self.negated = total, nodes, seed, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """NO without a connection, also when negated."""
        if here.connection is None:
            return no("the packet belongs to no connection")
        if "EXPECTED" in here.connection.status:
            return unknown("-m cluster: an expected connection is sorted by its master's source").negate(self.negated)
        first = words(here.connection.original.source.packed)[:1]  # of IPv6 too: xt_cluster_hash_ipv6 counts NF_CT_TUPLE_L3SIZE as bytes
        node = scaled(jhash2(first, self.seed), self.total)
        return decide(bool(1 << node & self.nodes), f"the connection is node {node + 1}'s", self.negated)


def bind(clause: Clause, family: str) -> Cluster:
    """Bind `-m cluster`. The hash is that of a little-endian host (x86, ARM)."""
    total = nodes = seed = 0
    negated = False
    for option in clause.options:
        match option.name:
            case "--cluster-total-nodes":
                total = integer(word(option), 32)
            case "--cluster-local-node":
                nodes, negated = 1 << integer(word(option), 32) - 1, option.negated
            case "--cluster-local-nodemask":
                nodes, negated = integer(word(option)), option.negated
            case "--cluster-hash-seed":
                seed = integer(word(option))
            case _:
                raise not_known(option)
    if not total or not nodes:
        raise BindError("--cluster-total-nodes and --cluster-local-node are both needed")
    return Cluster(total, nodes, seed, negated)
