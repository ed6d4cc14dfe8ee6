"""`-j NFQUEUE`: a process decides (nfqueue_tg_v3 in xt_NFQUEUE.c).

    -A FORWARD -j NFQUEUE --queue-num 1 --queue-bypass

Nobody listening means DROP, or ACCEPT at this hook with --queue-bypass.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import not_known
from visualize.netfilter.outcome import Outcome, RuleVerdict
from visualize.packet.packet import Packet


class Nfqueue:
    """The bound target."""

    def __init__(self, queue: str, bypass: bool) -> None:
        self.queue, self.bypass = queue, bypass

    def act(self, packet: Packet, here: Here) -> Outcome:
        """QUEUE, always in doubt."""
        without = "accepted" if self.bypass else "dropped"
        return Outcome(RuleVerdict.QUEUE, doubt=unknown(
            f"queue {self.queue}: the process behind it decides; without one the packet is {without}", True), otherwise=RuleVerdict.DROP)


def bind(clause: Clause, family: str) -> Nfqueue:
    """Bind `-j NFQUEUE`."""
    queue = "0"
    for option in clause.options:
        if option.name in ("--queue-num", "--queue-balance"):
            queue = " ".join(option.values)
        elif option.name not in ("--queue-bypass", "--queue-cpu-fanout"):
            raise not_known(option)
    return Nfqueue(queue, clause.option("--queue-bypass") is not None)
