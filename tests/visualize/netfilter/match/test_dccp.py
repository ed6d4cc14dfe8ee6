"""`-m dccp`: ports and types."""

from ..case import Case

CASES = r"""
-p dccp -m dccp --dport 5001 ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 ; YES
-p dccp -m dccp ! --sport 1000 ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 ; NO source port is 1000
-p dccp -m dccp --dccp-types REQUEST,RESPONSE ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 raw=450000000000000000000000000000000000000000000000000000000200000000000000000000000000000000 ; YES
-p dccp -m dccp --dccp-types REQUEST ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 raw=450000000000000000000000000000000000000000000000000000000200000000000000000000000000000000 ; NO DCCP type is RESPONSE
-p dccp -m dccp ! --dccp-types REQUEST ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 raw=450000000000000000000000000000000000000000000000000000000200000000000000000000000000000000 ; YES
-p dccp -m dccp --dccp-types INVALID ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 raw=450000000000000000000000000000000000000000000000000000001e00000000000000000000000000000000 ; YES
-p dccp -m dccp --dccp-types REQUEST ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 ; UNKNOWN the capture lacks the dccp header
-p dccp -m dccp --dccp-types NOSUCH ; dccp 10.0.0.1:1000 > 10.0.0.2:5001 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
