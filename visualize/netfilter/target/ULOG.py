"""`-j ULOG`: the old way to hand a copy to a logging process (ipt_ULOG.c).

    -A INPUT -j ULOG --ulog-nlgroup 1
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--ulog-nlgroup --ulog-prefix --ulog-cprange --ulog-qthreshold"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j ULOG`: the walk goes on."""
    return passive(clause, OPTIONS)
