"""`-m connbytes`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m connbytes --connbytes 1000: --connbytes-dir both --connbytes-mode bytes ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN before the capture
-m connbytes ! --connbytes 1000: ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN yes
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
