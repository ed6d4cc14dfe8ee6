"""Devices on other devices: vlan, macvlan, ipvlan; and bonds, which stand on several (vlan_dev.c, macvlan.c, ipvlan_core.c, bond_main.c).

macvlan was seen on a real kernel; vlan, ipvlan and bonds follow the sources.
"""

from collections.abc import Generator

from snapshot.host.link import Interface, IPAddress
from visualize.datapath import device, ip, neighbour
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.packet.packet import Packet, but
from visualize.path import Crossed, Ended, Step, Verdict

End = Generator[Step, None, Ended]
Upper = tuple[Stack, Interface]
_MACVLAN = ("macvlan", "macvtap")


# -- upwards ----------------------------------------------------------------------------------------------------------


def vlan_above(stack: Stack, name: str, skb: Skb) -> Upper | None:
    """vlan_do_receive: the VLAN device that takes a tagged frame."""
    if not skb.vlan:
        return None
    return next(((other, i) for other, i in neighbour.uppers(stack, name) if i.kind == "vlan" and i.vlan_id == skb.vlan), None)


def mac_above(stack: Stack, name: str, skb: Skb) -> Upper | None:
    """macvlan_handle_frame, ipvlan_handle_frame: the device that takes a unicast frame; None where the lower device keeps it.

    Copies of broadcasts go to all of them besides: they are not followed.
    """
    above = [(other, i) for other, i in neighbour.uppers(stack, name) if i.kind in (*_MACVLAN, "ipvlan") and (i.up or not i.flags)]
    mac = skb.packet.dst_mac
    if not above or skb.packet.dst.is_multicast or (mac is not None and int(mac[:2], 16) & 1):
        return None
    for other, upper in above:
        if upper.kind in _MACVLAN and (upper.macvlan_mode or "").startswith("passthru"):
            return other, upper
        if upper.kind in _MACVLAN and mac is not None and upper.mac == mac and upper.macvlan_mode != "source":
            return other, upper
        by_address = upper.kind == "ipvlan" and upper.ipvlan_mode != "l3s"
        if (by_address or (mac is None and upper.kind in _MACVLAN)) and _holds(upper, skb.packet.dst):
            return other, upper
    return None


def _holds(interface: Interface, address: IPAddress) -> bool:
    return any(held.local == address for held in interface.addresses)


def inactive(bond: Interface, port: str) -> str:
    """bond_should_deliver_exact_match: the port that is not the active one takes nothing for the host."""
    if bond.bond_mode == "active-backup" and bond.active_port not in (None, port):
        return f"{port} is not {bond.name}'s active port"
    return ""


# -- downwards --------------------------------------------------------------------------------------------------------


def port_of(stack: Stack, bond: Interface, skb: Skb) -> str | None:
    """The port that a bond sends by: the active one, or one of several by a hash or in turn, which is a doubt."""
    up = [i.name for i in stack.namespace.interfaces.values() if i.master == bond.name and (i.up or not i.flags) and "NO-CARRIER" not in i.flags]
    if bond.bond_mode == "active-backup" and bond.active_port is not None:
        return bond.active_port
    if len(up) > 1:
        skb.journey.doubts.note(f"{bond.kind} {bond.name}", f"which of its ports ({', '.join(up)}) a packet leaves by is the {bond.kind}'s choice "
                                f"({bond.bond_mode or 'mode not captured'})", up[0], "the capture", weak=True, visible=True)
    return up[0] if up else None


def send(stack: Stack, interface: Interface, skb: Skb) -> End:
    """Out of a device that stands on another one."""
    below = neighbour.lower(stack, interface)
    if below is None:
        return Ended(stack.netns, skb.packet, Verdict.FORWARDED, interface.name,
                     f"leaves by {interface.name}; the device that it stands on was not captured")
    if skb.packet.dst_mac is None:
        skb.packet = _framed(stack, interface, skb)
    if interface.kind == "vlan":
        return (yield from _send_vlan(stack, interface, *below, skb))
    sibling = _sibling(stack, interface, *below, skb)
    if sibling is not None and interface.kind == "ipvlan":
        return (yield from device.enter(stack, interface.name, *sibling, skb, "unicast"))
    if sibling is not None:  # dev_forward_skb: the lower device takes it in, as a capture there shows
        there, parent = below
        yield Crossed(there.netns, skb.packet, stack.netns, interface.name, parent.name)
        return (yield from device.enter(there, parent.name, *sibling, skb, "unicast"))
    if interface.kind == "ipvlan" and interface.ipvlan_mode in ("l3", "l3s"):
        return (yield from _send_ipvlan3(stack, interface, *below, skb))
    return (yield from _down(stack, *below, skb))


def _framed(stack: Stack, interface: Interface, skb: Skb) -> Packet:
    hop = skb.packet.dst if skb.packet.dst.is_multicast else device.next_hop(stack, skb)
    return but(skb.packet, src_mac=interface.mac, dst_mac=neighbour.resolve(stack, interface.name, hop))


def _send_vlan(stack: Stack, interface: Interface, there: Stack, parent: Interface, skb: Skb) -> End:
    """vlan_dev_hard_start_xmit: the tag goes on, the lower device sends."""
    if skb.vlan:
        return ip.dropped(stack, skb, f"{interface.name} on a frame that is tagged already: stacked VLANs are not modelled")
    skb.vlan = interface.vlan_id
    return (yield from _down(stack, there, parent, skb))


def _sibling(stack: Stack, interface: Interface, there: Stack, parent: Interface, skb: Skb) -> Upper | None:
    """A device on the same lower one that takes the frame at once: macvlan in bridge mode by MAC address, ipvlan by IP address."""
    packet = skb.packet
    for other, upper in neighbour.uppers(there, parent.name):
        if (other.netns, upper.name) == (stack.netns, interface.name) or upper.kind != interface.kind:
            continue
        if interface.kind == "ipvlan" and _holds(upper, packet.dst):
            return other, upper
        both = interface.macvlan_mode == "bridge" and upper.macvlan_mode == "bridge"
        if both and packet.dst_mac is not None and upper.mac == packet.dst_mac:
            return other, upper
    return None


def _send_ipvlan3(stack: Stack, interface: Interface, there: Stack, parent: Interface, skb: Skb) -> End:
    """ipvlan_process_v4_outbound: the lower device's namespace routes the packet and runs OUTPUT and POSTROUTING for it."""
    skb.tracking, skb.notrack, skb.in_device, skb.physin = None, False, None, None
    skb.packet = but(skb.packet, src_mac=None, dst_mac=None)
    return (yield from device.handed(stack, interface, there, parent, skb))


def _down(stack: Stack, there: Stack, parent: Interface, skb: Skb) -> End:
    """The lower device sends the frame on; in its own namespace, but past that namespace's IP layer."""
    packet = skb.packet
    if _holds(parent, packet.dst) or (packet.dst_mac is not None and packet.dst_mac == parent.mac):
        return ip.dropped(stack, skb, f"{parent.name} itself can't be reached from a device on it: the frame goes out to the wire")
    return (yield from device.transmit(there, parent.name, skb))
