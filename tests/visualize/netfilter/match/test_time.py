"""`-m time`: the clock of the capture."""

from ..case import Case

CASES = r"""
-m time --timestart 09:00 --timestop 17:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T12:00:00 ; YES
-m time --timestart 09:00 --timestop 17:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T18:00:00 ; NO it was Wed 2024-05-15 18:00:00 UTC
-m time --timestart 09:00 --timestop 17:00:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T17:00:00 ; YES
# over midnight
-m time --timestart 22:00 --timestop 06:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T23:00:00 ; YES
-m time --timestart 22:00 --timestop 06:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; YES
-m time --timestart 22:00 --timestop 06:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T12:00:00 ; NO
# Wednesday's early hours belong to Tuesday's night with --contiguous
-m time --timestart 22:00 --timestop 06:00 --weekdays Tue ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; NO
-m time --timestart 22:00 --timestop 06:00 --weekdays Tue --contiguous ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; YES
-m time --weekdays Mon,Wed ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; YES
-m time --weekdays 3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; YES
-m time ! --weekdays Mon,Wed ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; NO
-m time --monthdays 1,15 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; YES
-m time ! --monthdays 15 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; NO
-m time --datestart 2024-05-16 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; NO
-m time --datestart 2024-05-15T05:00:00 --datestop 2024-05-15T05:00:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; YES
-m time --datestop 2024 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; NO
-m time --timestart 09:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN when the packet came is not known
-m time --timestart 09:00 --kerneltz ; tcp 10.0.0.1:1000 > 10.0.0.2:80 time=2024-05-15T05:00:00 ; UNKNOWN time zone
-m time --timestart 25:00 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m time --weekdays Xyz ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m time --datestart soon ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
