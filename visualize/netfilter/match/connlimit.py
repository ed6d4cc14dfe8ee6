"""`-m connlimit`: how many connections an address has (connlimit_mt in xt_connlimit.c).

    -A INPUT -p tcp --syn -m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr -j REJECT

What was counted before the capture is not in a snapshot; every address is assumed to have few connections.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--connlimit-above --connlimit-upto --connlimit-mask --connlimit-saddr --connlimit-daddr"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m connlimit`: UNKNOWN, and not above the limit (`! --connlimit-upto` is `--connlimit-above`)."""
    above = clause.option("--connlimit-above") is not None
    return unanswerable(clause, OPTIONS, "assumed to be under the limit; what was counted is not in a snapshot", not above,
                        weak=False)
