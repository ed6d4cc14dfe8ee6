"""`-j CONNMARK`: the mark of the connection."""

from ..case import Case

CASES = r"""
-j CONNMARK --set-xmark 0x1/0x3 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 ; CONTINUE mark:5
-j CONNMARK --set-mark 0x8 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 ; CONTINUE mark:8
-j CONNMARK --and-mark 0x4 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 ; CONTINUE mark:4
-j CONNMARK --or-mark 0x9 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 ; CONTINUE mark:15
-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 mark=9 ; CONTINUE mark:9
-j CONNMARK --save-mark --nfmask 0x1 --ctmask 0xf ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=0x16 mark=9 ; CONTINUE mark:17
-j CONNMARK --save-mark --mask 0xff ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=0x100 mark=0x209 ; CONTINUE mark:265
-j CONNMARK --restore-mark ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 mark=9 ; CONTINUE MARK mark=6
-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0x2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW connmark=6 mark=0x19 ; CONTINUE MARK mark=18
-j CONNMARK --set-xmark 0x1/0xffffffff --left-shift-mark 4 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; CONTINUE mark:16
-j CONNMARK --set-mark 1 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=INVALID ; CONTINUE
-j CONNMARK --restore-mark ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; CONTINUE
-j CONNMARK ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()
