"""`-m quota`: a number of bytes that runs out (quota_mt in xt_quota.c).

    -A OUTPUT -m quota --quota 1000000 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--quota"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m quota`: UNKNOWN."""
    return unanswerable(clause, OPTIONS, "how much of the quota was left is not known; assumed to be enough", True)
