"""`-m physdev`: the bridge ports of a bridged packet (physdev_mt in xt_physdev.c).

    -A FORWARD -m physdev --physdev-in veth1 --physdev-is-bridged -j ACCEPT

Where there is no bridge information (the packet came by no port, and leaves by none that is known yet), negated options match.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no, yes
from visualize.netfilter.here import Here
from visualize.netfilter.match.builtin import interface_matches
from visualize.netfilter.options import All, Check, not_known, word
from visualize.packet.packet import Packet

OPTIONS = ("--physdev-is-bridged", "--physdev-is-in", "--physdev-is-out", "--physdev-in", "--physdev-out")


def _holds(option: Option, here: Here) -> Answer:
    match option.name:
        case "--physdev-is-bridged":
            return decide(here.physdev_out is not None or here.bridged, "the packet is not being bridged", option.negated)
        case "--physdev-is-in":
            return decide(here.physdev_in is not None, f"bridge port in is {here.physdev_in or 'none'}", option.negated)
        case "--physdev-is-out":
            return decide(here.physdev_out is not None, f"bridge port out is {here.physdev_out or 'none'}", option.negated)
        case "--physdev-in" if here.physdev_in is None:
            return yes()  # the kernel compares no name where there is no port in
        case "--physdev-in":
            return decide(interface_matches(word(option), here.physdev_in), f"bridge port in is {here.physdev_in}",
                          option.negated)
        case _ if here.physdev_out is None:
            return no("there is no bridge port out")
        case _:
            return decide(interface_matches(word(option), here.physdev_out), f"bridge port out is {here.physdev_out}",
                          option.negated)


def _check(option: Option) -> Check:
    if option.name not in OPTIONS:
        raise not_known(option)
    if option.name in ("--physdev-in", "--physdev-out"):
        word(option)

    def check(packet: Packet, here: Here) -> Answer:
        if here.physdev_in is None and here.physdev_out is None and not here.bridged:
            return decide(False, "the packet has no bridge port", option.negated)
        return _holds(option, here)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m physdev`; the kernel tests the options in a fixed order."""
    checks = [_check(option) for option in clause.options]
    return All(checks)
