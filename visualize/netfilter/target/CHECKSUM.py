"""`-j CHECKSUM`: fills in a checksum that was left to the hardware (checksum_tg in xt_CHECKSUM.c).

    -A POSTROUTING -p udp --dport 68 -j CHECKSUM --checksum-fill
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--checksum-fill"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j CHECKSUM`: the walk goes on."""
    return passive(clause, OPTIONS)
