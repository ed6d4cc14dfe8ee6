"""`-j TPROXY`: a local socket."""

from ..case import Case

CASES = r"""
-p tcp -j TPROXY --on-port 15001 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ACCEPT MARK mark=1337 ASSUMED yes
-p tcp -j TPROXY --on-port 15002 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; DROP ASSUMED yes
-p tcp -j TPROXY --on-port 15002 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 world=blind ; ACCEPT MARK UNKNOWN yes
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
