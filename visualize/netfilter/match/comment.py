"""`-m comment`: a note for people; it always matches (comment_mt in xt_comment.c).

    -A INPUT -m comment --comment "allow ssh" -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, not_known


def bind(clause: Clause, family: str) -> All:
    """Bind `-m comment`."""
    for option in clause.options:
        if option.name != "--comment":
            raise not_known(option)
    return All([])
