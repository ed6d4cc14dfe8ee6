"""`-m connlabel`: a label of the connection (connlabel_mt in xt_connlabel.c).

    -A FORWARD -m connlabel --label 7 -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name == "--set":
        return lambda packet, here: unknown("--set: labels that rules set are not modelled")
    if option.name != "--label":
        raise not_known(option)
    wanted = word(option)

    def check(packet: Packet, here: Here) -> Answer:
        if here.connection is None:
            return decide(False, "the packet belongs to no connection", option.negated)
        return unknown(f"--label {wanted}: the connection's labels are not modelled").negate(option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m connlabel`."""
    return All([_check(option) for option in clause.options])
