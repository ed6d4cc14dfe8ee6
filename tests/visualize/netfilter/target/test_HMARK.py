"""`-j HMARK`: a hash."""

from ..case import Case

CASES = r"""
-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 0xfeedcafe ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE MARK mark=3
-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 0xfeedcafe ; tcp 10.0.0.2:80 > 10.0.0.1:1000 ; CONTINUE MARK mark=3
-j HMARK --hmark-tuple ct,src,dst --hmark-mod 10 --hmark-rnd 0xfeedcafe ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE UNKNOWN
-j HMARK --mod 10 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
