"""`-m bpf`: the packet as a BPF program sees it (bpf_mt in xt_bpf.c).

    -A OUTPUT -m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--bytecode --object-pinned"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m bpf`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "BPF programs are not run")
