"""`-m hashlimit`: a token bucket for each address or port (hashlimit_mt_common in xt_hashlimit.c).

    -A INPUT -m hashlimit --hashlimit-above 10/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name web -j DROP

How full the buckets were is not in a snapshot; every sender is assumed to be under its limit.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = ("--hashlimit --hashlimit-upto --hashlimit-above --hashlimit-burst --hashlimit-mode --hashlimit-name "
           "--hashlimit-srcmask --hashlimit-dstmask --hashlimit-htable-size --hashlimit-htable-max "
           "--hashlimit-htable-expire --hashlimit-htable-gcinterval --hashlimit-rate-match --hashlimit-rate-interval")


def bind(clause: Clause, family: str) -> All:
    """Bind `-m hashlimit`: UNKNOWN, and not above the limit."""
    above = clause.option("--hashlimit-above") is not None
    return unanswerable(clause, OPTIONS, "assumed to be under the limit; the buckets' fill is not in a snapshot", not above,
                        weak=False)
