"""`listing`: not an extension of the kernel's, but what `iptables -L` did not tell of a rule (snapshot.parse.listing).

    -A FORWARD -m listing --why "listed without -v: the interfaces are not shown" -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.extension import Match, UnknownMatch


def bind(clause: Clause, family: str) -> Match:
    """A match that can't be answered, with the reader's own reason."""
    why = clause.option("--why")
    return UnknownMatch(why.values[0] if why is not None and why.values else "the listing does not show the whole rule")
