"""`-m cluster`: a share of the connections."""

from ..case import Case

CASES = r"""
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO the packet belongs to no connection
-m cluster --cluster-total-nodes 1 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; YES
-m cluster --cluster-total-nodes 1 ! --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; NO node 1
-m cluster --cluster-total-nodes 2 ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()
