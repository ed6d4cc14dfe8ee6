"""Native nftables chains (not iptables-nft's) that a packet meets and that are not replayed: each is a doubt, never passed in silence.

(Those of ip, ip6 and inet are replayed where their JSON was captured: visualize.netfilter.native.)
"""

from visualize.datapath.skb import Skb
from visualize.datapath.stack import Stack
from visualize.netfilter.hook import Hook

_HOOKS = {hook: hook.value.lower() for hook in Hook}


def note_hook(stack: Stack, hook: Hook, skb: Skb) -> None:
    """At an IP hook: chains of the packet's family and of inet."""
    if stack.namespace.nft_chains:
        _note(stack, ("inet", "ip" if skb.packet.family == 4 else "ip6"), _HOOKS[hook], skb)


def note_ingress(stack: Stack, device: str, skb: Skb) -> None:
    """Where a frame comes in by a device: chains at its ingress (netdev and inet)."""
    _note(stack, ("netdev", "inet"), "ingress", skb, device)


def note_egress(stack: Stack, device: str, skb: Skb) -> None:
    """Where a frame leaves by a device: chains at its egress."""
    _note(stack, ("netdev",), "egress", skb, device)


def note_bridge(stack: Stack, hook: Hook, skb: Skb) -> None:
    """At a bridge's own hook: chains of the bridge family (ebtables-nft's too)."""
    _note(stack, ("bridge",), _HOOKS[hook], skb)


def _note(stack: Stack, families: tuple[str, ...], hook: str, skb: Skb, device: str | None = None) -> None:
    for chain in stack.namespace.nft_chains or ():
        if chain.replayed or chain.hook != hook or chain.family not in families or (not chain.rules and chain.policy != "drop"):
            continue
        if device is not None and chain.devices and device not in chain.devices:
            continue
        skb.journey.doubts.note(
            f"nft {chain.family} {chain.table} {chain.name}", f"a native nftables chain of {chain.rules} rule(s) at {hook}, which is not replayed: "
            "it may drop, mark or translate the packet", "it lets the packet pass unchanged", "nft monitor trace on the host", weak=True)
