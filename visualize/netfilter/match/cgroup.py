"""`-m cgroup`: the control group of the sending process (cgroup_mt in xt_cgroup.c).

    -A OUTPUT -m cgroup ! --path user.slice/app -j DROP
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--path --cgroup"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m cgroup`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "a snapshot does not hold the control group of a packet's process")
