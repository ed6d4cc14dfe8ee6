"""`-m bpf`: a classic program run over the packet."""

from ..case import Case

CASES = r"""
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN the capture lacks the packet's bytes
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" ; tcp 10.0.0.1:1 > 10.0.0.2:80 raw=4500000000000000400600000a0000010a00000200010050 ; YES
-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0" ; tcp 10.0.0.1:1 > 10.0.0.2:80 raw=4500000000000000400600000a0000010a00000200010050 ; NO the BPF program returns 0
-m bpf --bytecode "4,177 0 0 0,72 0 0 2,84 0 0 65535,22 0 0 0" ; tcp 10.0.0.1:1 > 10.0.0.2:80 raw=4500000000000000400600000a0000010a00000200010050 ; YES
# a read beyond the packet is no match; the mark is an ancillary word; what no capture holds is unknown
-m bpf --bytecode "2,32 0 0 60000,6 0 0 1" ; tcp 10.0.0.1:1 > 10.0.0.2:80 raw=4500000000000000400600000a0000010a00000200010050 ; NO
-m bpf --bytecode "2,32 0 0 4294963220,22 0 0 0" ; tcp 10.0.0.1:1 > 10.0.0.2:80 mark=5 raw=4500000000000000400600000a0000010a00000200010050 ; YES
-m bpf --bytecode "2,32 0 0 4294963236,22 0 0 0" ; tcp 10.0.0.1:1 > 10.0.0.2:80 raw=4500000000000000400600000a0000010a00000200010050 ; UNKNOWN the kernel's ancillary word
-m bpf --bytecode "3,6 0 0 1" ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
-m bpf --object-pinned /sys/fs/bpf/x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; UNKNOWN
-m bpf --goat x ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
