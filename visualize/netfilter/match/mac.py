"""`-m mac`: the source MAC address of the frame that came in (mac_mt in xt_mac.c).

    -A FORWARD -m mac ! --mac-source 02:42:AC:11:00:02 -j DROP

Without an Ethernet header (over lo or a tunnel, or sent by this host) it says no, also when negated.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, word
from visualize.packet.packet import Packet

NO_ETHERNET = ("wireguard", "ipip", "gre", "sit", "ip6tnl", "ip6gre", "vti", "vti6", "xfrm", "ppp", "ipoib")


def _check(option: Option) -> Check:
    if option.name != "--mac-source":
        raise not_known(option)
    wanted = word(option).lower().replace("-", ":")

    def check(packet: Packet, here: Here) -> Answer:
        if here.in_interface is None or here.in_interface == "lo":
            return no("there is no Ethernet header")
        interface = here.world.interface(here.in_interface)
        if interface is not None and interface.kind in NO_ETHERNET:
            return no(f"{interface.kind} has no Ethernet header")
        if packet.src_mac is None:
            return not_captured("the source MAC address").negate(option.negated)
        return decide(packet.src_mac.lower() == wanted, f"source MAC is {packet.src_mac}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m mac`."""
    return All([_check(option) for option in clause.options])
