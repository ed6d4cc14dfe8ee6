"""`-m cpu`: the CPU that handles the packet (cpu_mt in xt_cpu.c).

    -A PREROUTING -m cpu --cpu 0 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--cpu"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m cpu`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "which CPU handled the packet is not in a capture")
