"""`-m statistic`: chance and counting."""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.match.statistic import bind

from ..case import Case, World, here_of, packet_of

CASES = r"""
-m statistic --mode random --probability 0.25 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN random, probability 0.25
-m statistic --mode random --probability 0.50000000000 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN yes
-m statistic --mode random ! --probability 0.25 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN yes
-m statistic --mode random --probability 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m statistic --mode random --probability 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m statistic --mode nth --every 3 --packet 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes one packet in 3
-m statistic --mode nth --every 3 --packet 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no
-m statistic --mode nth ! --every 3 --packet 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m statistic --mode nth --every 3 --packet 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 fresh= ; YES
-m statistic --mode nth --every 3 --packet 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 fresh= ; NO it is packet
-m statistic --mode nth --every 1 --packet 0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m statistic --mode nth --every 3 --packet 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m statistic --mode coin ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()


def test_nth_counts() -> None:
    """--every 3 --packet 1 matches the second packet, and then every third."""
    bound = bind(Clause("statistic", (Option("--mode", ("nth",)), Option("--every", ("3",)), Option("--packet", ("1",)))), "ip")
    packet, _ = packet_of("tcp 10.0.0.1:1 > 10.0.0.2:2")
    here = here_of(packet, {}, World())
    assert [bound.test(packet, here).default for _ in range(7)] == [False, True, False, False, True, False, False]
