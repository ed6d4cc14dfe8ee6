"""`-m connlabel`: a label of the connection (connlabel_mt in xt_connlabel.c).

    -A FORWARD -m connlabel --label 7 --set -j ACCEPT

A connection that began in the capture has the labels that rules gave it; what a captured one has is not known. Names of labels
(/etc/xtables/connlabel.conf) are not in a snapshot.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import ConnectionView, Here
from visualize.netfilter.options import not_known, word
from visualize.packet.packet import Packet


class Connlabel:
    """The bound match; `puts`: --set, which gives the label where it is not there."""

    def __init__(self, label: str, puts: bool, negated: bool) -> None:
        self.label, self.puts, self.negated = label, puts, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """NO without a connection, or YES behind a `!`."""
        connection = here.connection
        if connection is None:
            return decide(False, "the packet belongs to no connection", self.negated)
        held = _labels(connection)
        if self.puts:
            connection.labels = ",".join(sorted({*(held or ()), self.label}))
            return decide(True, f"the connection has label {self.label}", self.negated)
        if held is None and self.label not in (connection.labels or "").split(","):
            return unknown(f"--label {self.label}: the labels of a connection from before the capture are not known").negate(self.negated)
        found = self.label in (connection.labels or "").split(",")
        return decide(found, f"the connection has {'' if found else 'not '}label {self.label}", self.negated)


def _labels(connection: ConnectionView) -> set[str] | None:
    """The labels; None for a connection that was captured, and so may have others."""
    if connection.captured:
        return None
    return {label for label in (connection.labels or "").split(",") if label}


def bind(clause: Clause, family: str) -> Connlabel:
    """Bind `-m connlabel`."""
    for option in clause.options:
        if option.name not in ("--label", "--set"):
            raise not_known(option)
    label = clause.option("--label")
    if label is None:
        raise BindError("--label is missing")
    return Connlabel(word(label), clause.option("--set") is not None, label.negated)
