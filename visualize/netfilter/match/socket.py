"""`-m socket`: an open socket takes the packet (socket_mt4_v3 in xt_socket.c).

    -A PREROUTING -m socket --transparent -j DIVERT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--transparent --nowildcard --restore-skmark"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m socket`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "which connections had an open socket is not in a snapshot")
