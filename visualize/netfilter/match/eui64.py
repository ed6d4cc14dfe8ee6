"""`-m eui64`: an IPv6 source whose last 64 bits are made from the source MAC (eui64_mt6 in ip6t_eui64.c).

    -A INPUT -m eui64 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, not_known
from visualize.packet.packet import Packet


def _check(packet: Packet, here: Here) -> Answer:
    if here.in_interface in (None, "lo"):
        return no("there is no Ethernet header")
    if packet.src_mac is None:
        return not_captured("the source MAC address")
    mac = bytes.fromhex(packet.src_mac.replace(":", ""))
    made = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:6]
    return decide(packet.src.packed[8:] == made, f"source {packet.src} is not made from {packet.src_mac}")


def bind(clause: Clause, family: str) -> All:
    """Bind `-m eui64`."""
    for option in clause.options:
        raise not_known(option)
    return All([_check])
