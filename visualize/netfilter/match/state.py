"""`-m state`: the old spelling of `-m conntrack --ctstate` (state_mt in xt_state.c).

    -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer
from visualize.netfilter.here import Here
from visualize.netfilter.match.conntrack import STATES, state_check, states
from visualize.netfilter.options import All, Check, not_known
from visualize.packet.packet import Packet


def _check(option: Option) -> Check:
    if option.name != "--state":
        raise not_known(option)
    wanted = states(option, STATES)

    def check(packet: Packet, here: Here) -> Answer:
        return state_check(option, wanted, here)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m state`."""
    return All([_check(option) for option in clause.options])
