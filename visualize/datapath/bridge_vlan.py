"""VLAN filtering of a bridge: which VLAN a frame is in, which ports take it, with a tag or without (br_vlan.c).

No kernel at hand could be asked about it: this follows the sources (__allowed_ingress, br_allowed_egress, br_handle_vlan).
"""

from snapshot.host.link import Interface
from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack

Vlans = tuple[tuple[int, bool], ...]


def _of(stack: Stack, bridge: Interface, port: str | None) -> tuple[int | None, Vlans]:
    """PVID and VLANs of a port; of the bridge itself where `port` is None."""
    if port is None:
        held = bridge.bridge
        return (held.pvid, held.vlans) if held is not None else (None, ())
    interface = stack.interface(port)
    return (interface.port.pvid, interface.port.vlans) if interface is not None and interface.port is not None else (None, ())


def filters(stack: Stack, bridge: Interface, skb: Skb) -> bool:
    """Whether the bridge filters by VLAN; a doubt where it does and nothing tells which VLANs its ports have."""
    if bridge.bridge is None or not bridge.bridge.vlan_filtering:
        return False
    told = bridge.bridge.vlans_captured or any(i.port is not None and i.port.vlans for i in stack.namespace.interfaces.values()
                                               if i.master == bridge.name)
    if not told:
        skb.journey.doubts.note(f"bridge {bridge.name}", "it filters by VLAN, and the VLANs of its ports were not captured",
                                "all ports are in one VLAN", "bridge vlan", weak=True)
    return told


def enter(stack: Stack, bridge: Interface, port: str | None, skb: Skb) -> str:
    """__allowed_ingress: put the frame into its VLAN. Why it is dropped, or ""."""
    skb.vid = 0
    if not filters(stack, bridge, skb):
        return ""
    name = port or bridge.name
    pvid, vlans = _of(stack, bridge, port)
    if not skb.vlan:
        if pvid is None:
            return f"{name} has no PVID: it takes no frame without a VLAN tag"
        skb.vid = skb.vlan = pvid
        return ""
    if all(vid != skb.vlan for vid, _ in vlans):
        return f"{name} is not in VLAN {skb.vlan}"
    skb.vid = skb.vlan
    return ""


def refused(stack: Stack, bridge: Interface, port: str | None, skb: Skb) -> str:
    """br_allowed_egress: why a frame may not leave by a port (None: up to the host), or ""."""
    if skb.vid and all(vid != skb.vid for vid, _ in _of(stack, bridge, port)[1]):
        return f"{port or bridge.name} is not in VLAN {skb.vid}"
    return ""


def leave(stack: Stack, bridge: Interface, port: str | None, skb: Skb) -> None:
    """br_handle_vlan: the tag comes off where the port's VLAN is untagged."""
    if skb.vid and (skb.vid, True) in _of(stack, bridge, port)[1]:
        skb.vlan = None
