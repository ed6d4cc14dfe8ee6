"""`-m hashlimit`: a token bucket for each sender."""

from ..case import Case, answers

CASES = r"""
-m hashlimit --hashlimit-upto 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m hashlimit --hashlimit 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m hashlimit --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no
-m hashlimit --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 fresh= ; NO
-m hashlimit --hashlimit-upto 512kb/s --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 fresh= ; ASSUMED yes rates of bytes
-m hashlimit --hashlimit-upto 1/sec --hashlimit-mode srcport --hashlimit-name x ; tcp 10.0.0.1 > 10.0.0.2 length=22 fresh= ; HOTDROP
-m hashlimit --hashlimit-upto 1/sec --hashlimit-mode colour --hashlimit-name x ; tcp 10.0.0.1:1 > 10.0.0.2:2 ; BINDERROR
-m hashlimit --hashlimit-under 10/sec ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()


def test_a_sender_is_forgotten() -> None:
    """After --hashlimit-htable-expire (and a collector's round) a sender's bucket is a new one."""
    rule = "-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name x --hashlimit-htable-expire 2000"
    assert answers(rule, [0, 0.1, 0.2, 3.5, 3.6, 3.7]) == "YYNYYN"
    assert answers(rule, [0, 0.1, 0.2, 2.5])[3] == "y"
    assert answers(rule.replace("upto", "above"), [0, 0.1, 0.2]) == "NNY"
