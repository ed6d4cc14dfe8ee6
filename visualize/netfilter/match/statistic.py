"""`-m statistic`: every n-th packet, or a random share (statistic_mt in xt_statistic.c).

    -A KUBE-SVC-X -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-A
    -A PREROUTING -m statistic --mode nth --every 3 --packet 0 -j MARK --set-xmark 0x1/0xffffffff

The counter of `nth` is the kernel's own state: it is counted from the start of the capture as if the rule were new, and that is a doubt
unless the table had counted no packet yet.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet


class Nth:
    """--mode nth: the kernel counts 0 .. every-1 and matches at 0; `packet` is where it starts."""

    def __init__(self, every: int, packet: int, negated: bool) -> None:
        if every < 1 or packet >= every:
            raise BindError("--every must be larger than --packet")
        self.every, self.packet, self.negated = every, packet, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """Counts in here.memory, under the rule's key."""
        last = self.every - 1
        counted = here.memory.get(here.rule_key, last - self.packet)
        assert isinstance(counted, int)
        count = 0 if counted == last else counted + 1
        here.memory[here.rule_key] = count
        if self.every == 1 or here.fresh:
            return decide(count == 0, f"it is packet {count} of {self.every}", self.negated)
        return unknown(f"-m statistic: one packet in {self.every}, counted from the start of the capture; the kernel's counter "
                       "is not in a snapshot", count == 0, weak=False).negate(self.negated)


class Random:
    """--mode random: chance decides; 0 and 1 are certain."""

    def __init__(self, probability: float, negated: bool) -> None:
        if not 0 <= probability <= 1:
            raise BindError("--probability must lie between 0 and 1")
        self.probability, self.negated = probability, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """UNKNOWN with the probability; the likelier side is the default."""
        if self.probability in (0, 1):
            return decide(self.probability == 1, f"its probability is {self.probability:g}", self.negated)
        return unknown(f"-m statistic: random, probability {self.probability:g}", self.probability >= 0.5).negate(self.negated)


def bind(clause: Clause, family: str) -> Nth | Random:
    """Bind `-m statistic`."""
    mode, probability, every, start, negated = "", -1.0, 0, 0, False
    for option in clause.options:
        match option.name:
            case "--mode":
                mode = word(option)
            case "--probability":
                try:
                    probability, negated = float(word(option)), option.negated
                except ValueError as error:
                    raise BindError(f"{word(option)!r} is not a probability") from error
            case "--every":
                every, negated = integer(word(option)), option.negated
            case "--packet":
                start = integer(word(option))
            case _:
                raise not_known(option)
    if mode not in ("nth", "random"):
        raise BindError(f"--mode {mode} is not known")
    return Nth(every, start, negated) if mode == "nth" else Random(probability, negated)
