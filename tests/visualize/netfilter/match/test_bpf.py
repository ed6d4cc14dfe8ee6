"""`-m bpf`: what no snapshot holds."""

from ..case import Case

CASES = r"""
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN BPF programs are not run
-m bpf --object-pinned /sys/fs/bpf/x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN
-m bpf --goat x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
