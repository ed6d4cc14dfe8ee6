"""`-m osf`: the sender's operating system, guessed from its SYN (xt_osf_match_packet in xt_osf.c).

    -A INPUT -p tcp -m osf --genre Linux --ttl 0 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--genre --ttl --log"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m osf`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "the table of operating systems is not in a snapshot")
