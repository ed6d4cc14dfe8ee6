"""`-m udplite`: ports of the UDP-Lite header (udp_mt in xt_tcpudp.c, registered for this protocol too).

    -A INPUT -p udplite -m udplite --dport 5004 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.match.udp import ports_of
from visualize.netfilter.options import All
from visualize.packet.packet import Protocol


def bind(clause: Clause, family: str) -> All:
    """Bind `-m udplite`."""
    return ports_of(clause, Protocol.UDPLITE)
