"""`-m helper`: a connection that a conntrack helper expected (helper_mt in xt_helper.c).

    -A FORWARD -m helper --helper ftp -j ACCEPT

The kernel looks at the helper of the *master* connection, so only an expected connection (ftp-data) matches.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, word
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name != "--helper":
        raise not_known(option)
    wanted = word(option)

    def check(packet: Packet, here: Here) -> Answer:
        if here.connection is None or "EXPECTED" not in here.connection.status:
            return decide(False, "no helper expected this connection", option.negated)
        master = getattr(here.connection, "master_helper", None)
        if master is not None:
            return decide(wanted in ("", master), f"helper {master}", option.negated)
        return unknown(f"--helper {wanted}: which helper expected this connection is not captured").negate(option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m helper`."""
    return All([_check(option) for option in clause.options])
