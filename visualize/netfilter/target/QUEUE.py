"""`-j QUEUE`: the standard verdict NF_QUEUE, queue 0: a process decides (ipt_do_table).

    -A FORWARD -j QUEUE
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import not_known
from visualize.netfilter.target.NFQUEUE import Nfqueue


def bind(clause: Clause, family: str) -> Nfqueue:
    """Bind `-j QUEUE`."""
    for option in clause.options:
        raise not_known(option)
    return Nfqueue("0", False)
