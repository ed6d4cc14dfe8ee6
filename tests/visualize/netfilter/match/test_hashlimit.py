"""`-m hashlimit`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m hashlimit --hashlimit-upto 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m hashlimit --hashlimit 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m hashlimit --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no
-m hashlimit --hashlimit-under 10/sec ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
