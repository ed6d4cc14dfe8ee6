"""`-m nfacct`: an accounting object (nfacct_mt in xt_nfacct.c).

    -A INPUT -m nfacct --nfacct-name http-traffic
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--nfacct-name"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m nfacct`: UNKNOWN."""
    return unanswerable(clause, OPTIONS,
                        "matches unless the object has a quota that is not used up; assumed to have none", True,
                        settle="capture `nfacct list`", weak=False)
