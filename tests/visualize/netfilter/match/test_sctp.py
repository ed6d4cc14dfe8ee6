"""`-m sctp`: ports and chunk types."""

from ..case import Case

CASES = r"""
-p sctp -m sctp --dport 38412 ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 ; YES
-p sctp -m sctp ! --dport 38412 ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 ; NO destination port is 38412
-p sctp -m sctp --sport 1:999 ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 ; NO source port is 1000
-p sctp -m sctp ! --dport 1 ; sctp 10.0.0.1 > 10.0.0.2 fragment=8 ; NO a later fragment
# chunks INIT (type 1, 20 bytes)
-p sctp -m sctp --chunk-types any INIT,DATA ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 length=52 raw=45000000000000000000000000000000000000000000000000000000000000000100001400000000000000000000000000000000 ; YES
-p sctp -m sctp --chunk-types all INIT,DATA ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 length=52 raw=45000000000000000000000000000000000000000000000000000000000000000100001400000000000000000000000000000000 ; NO
-p sctp -m sctp --chunk-types only INIT,DATA ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 length=52 raw=45000000000000000000000000000000000000000000000000000000000000000100001400000000000000000000000000000000 ; YES
-p sctp -m sctp --chunk-types only DATA ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 length=52 raw=45000000000000000000000000000000000000000000000000000000000000000100001400000000000000000000000000000000 ; NO
-p sctp -m sctp ! --chunk-types any INIT ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 length=52 raw=45000000000000000000000000000000000000000000000000000000000000000100001400000000000000000000000000000000 ; NO
-p sctp -m sctp --chunk-types any INIT ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 length=52 ; UNKNOWN the capture lacks the sctp header
-p sctp -m sctp --chunk-types any DATA:X ; sctp 10.0.0.1:1000 > 10.0.0.2:38412 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
