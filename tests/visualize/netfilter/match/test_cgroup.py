"""`-m cgroup`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m cgroup --path user.slice ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN control group
-m cgroup ! --cgroup 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN yes
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
