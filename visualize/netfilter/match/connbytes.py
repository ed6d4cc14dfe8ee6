"""`-m connbytes`: how much the connection has carried (connbytes_mt in xt_connbytes.c).

    -A FORWARD -m connbytes --connbytes 100000: --connbytes-dir both --connbytes-mode bytes -j MARK --set-xmark 0x1
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--connbytes --connbytes-dir --connbytes-mode"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m connbytes`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "what the connection carried before the capture is not known")
