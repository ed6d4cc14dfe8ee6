"""`-j MARK`: changes the mark."""

from ..case import Case

CASES = r"""
-j MARK --set-xmark 0x1/0xffffffff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=1
-j MARK --set-xmark 0x1/0x3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=5
-j MARK --set-xmark 0x4/0x0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=2
-j MARK --set-mark 0x4/0x3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=14 ; CONTINUE MARK mark=12
-j MARK --set-mark 5 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=5
-j MARK --and-mark 0x4 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=4
-j MARK --or-mark 0x1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=7
-j MARK --xor-mark 0x3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK mark=5
-j MARK --set-xmark 0x6 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 mark=6 ; CONTINUE MARK
-j MARK ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR the mark is missing
-j MARK --paint 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR option --paint is not known
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
