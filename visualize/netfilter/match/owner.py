"""`-m owner`: the process that sent the packet (owner_mt in xt_owner.c).

    -A OUTPUT -m owner --uid-owner 1337 -j RETURN

A forwarded packet has no socket: it matches only where every option is negated. Whose a local packet is, a snapshot can't tell.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, word
from visualize.packet.packet import Packet

OPTIONS = ("--uid-owner", "--gid-owner", "--socket-exists", "--pid-owner", "--sid-owner", "--cmd-owner")


def _check(option: Option) -> Check:
    if option.name not in OPTIONS:
        raise not_known(option)
    wanted = "" if option.name == "--socket-exists" else f" {word(option)}"

    def check(packet: Packet, here: Here) -> Answer:
        if not here.local_origin:
            return decide(False, "the packet has no socket: no process of this host sent it", option.negated)
        if option.name == "--socket-exists":
            return unknown("--socket-exists: assumed; the kernel's own answers have no socket", True,
                           weak=False).negate(option.negated)
        return unknown(f"{option.name}{wanted}: a snapshot does not hold whose process sent a packet").negate(option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m owner`; --suppl-groups widens --gid-owner and says nothing alone."""
    return All([_check(option) for option in clause.options if option.name != "--suppl-groups"])
