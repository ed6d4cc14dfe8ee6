"""How often the kernel tells one address by ICMP: a store of tokens for each (inet_peer_xrlim_allow), from which ip_error takes, too.

Seen on a real kernel: six errors in a row, then one a second; a packet without a route takes two tokens of IPv4, and five at most are left to
it, so that two in a row are told. Not modelled: the limit of a namespace as a whole (icmp_msgs_per_sec, icmp_msgs_burst).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from snapshot.host.link import IPAddress
from visualize.datapath.routing import Result
from visualize.datapath.skb import Skb
from visualize.netfilter.answer import Truth
from visualize.netfilter.bucket import START, Bucket

if TYPE_CHECKING:
    from visualize.datapath.stack import Stack

_FULL = 60.0  # seconds: what the store of a new address holds (inet_getpeer); each use cuts it to its own burst
READ = "what was told"  # in what decided a path: it may be another for the next packet
_BURST = 6  # XRLIM_BURST_FACTOR
_ROUTE_COST, _ROUTE_BURST = 1.0, 5  # ip_rt_error_cost, ip_rt_error_burst: HZ and 5 * HZ


@dataclass(slots=True)
class Store:
    """The tokens of one address, in seconds: what they are for sure (`bounds`), and what they are if nothing came before the capture."""

    bounds: Bucket
    since: int
    likely: float = _FULL

    def take(self, now: int, cost: float, size: float) -> tuple[Truth, bool]:
        """Take `cost` from a store that holds `size` at most: whether it is there for sure, and whether it likely is."""
        self.bounds.cost, self.bounds.size = cost, size
        self.likely, self.since = min(size, self.likely + max(0, now - self.since) / 1e9), now
        enough = self.likely >= cost
        self.likely -= cost if enough else 0
        return self.bounds.take(now), enough


def route_error_told(stack: Stack, skb: Skb) -> bool:
    """ip_error: whether the sender of a packet without a route may be told. The two sysctls are jiffies, whose length no snapshot shows."""
    cost, burst = (stack.setting(f"net.ipv4.route.error_{name}") for name in ("cost", "burst"))
    if cost is not None and cost <= 0:
        return True
    count = burst / cost if cost and burst is not None else _ROUTE_BURST
    common = cost in (None, 100, 250, 300, 1000)  # HZ
    return _told(stack, skb, skb.packet.src, stack.fib[4].l3_master(skb.in_device), _ROUTE_COST, count, exact=common)


def error_told(stack: Stack, skb: Skb, kind: int, code: int, route: Result | None) -> bool:
    """icmpv4_xrlim_allow, icmpv6_xrlim_allow: whether an ICMP error of this kind may be sent, that goes back by `route`."""
    out = route.device if route is not None else None
    if out in (None, "lo") or not _limited(stack, skb.packet.family, kind, code):
        return True
    limit = stack.setting("net.ipv4.icmp_ratelimit" if skb.packet.family == 4 else "net.ipv6.icmp.ratelimit")
    cost = (1000 if limit is None else limit) / 1000
    wider = 0
    if skb.packet.family == 6 and route is not None and route.route is not None:
        wider = (128 - route.route.destination.prefixlen) >> 5
    domain = stack.fib[4].l3_master(out) if skb.packet.family == 4 else None
    return _told(stack, skb, skb.packet.src, domain, cost / (1 << wider), _BURST, exact=wider == 0)


def _limited(stack: Stack, family: int, kind: int, code: int) -> bool:
    """icmpv4_mask_allow, icmpv6_mask_allow: the kinds that are limited; path MTU discovery is not."""
    if family == 4:
        mask = stack.setting("net.ipv4.icmp_ratemask")
        return (kind, code) != (3, 4) and bool((6168 if mask is None else mask) >> kind & 1)
    text = stack.namespace.sysctl("net.ipv6.icmp.ratemask") or "0-1,3-127"
    ends = [one.partition("-")[::2] for one in text.split(",")]
    return kind != 2 and any(low.isdigit() and int(low) <= kind <= int(high or low) for low, high in ends)


def _told(stack: Stack, skb: Skb, address: IPAddress, domain: str | None, cost: float, burst: float, exact: bool) -> bool:
    """Take `cost` seconds of tokens. What is not sure is a doubt, which a capture that shows the answer settles."""
    journey = skb.journey
    if journey.now is None or cost <= 0:
        return True
    journey.read.add(READ)
    begun = stack.memory.get(START, journey.now)
    assert isinstance(begun, int)
    size = cost * burst
    new = Store(Bucket(cost, size, 0.0, size, min(begun, journey.now), journey.now), journey.now)
    sure, likely = stack.told.setdefault((address, domain), new).take(journey.now, cost, size)
    if sure is Truth.YES or (sure is Truth.NO and exact):
        return sure is Truth.YES
    why = (f"the kernel tells {address} of errors only so often (net.ipv4.icmp_ratelimit, net.ipv4.route.error_burst, net.ipv6.icmp.ratelimit), "
           "and may have told it before the capture")
    journey.doubts.note("ICMP", why, "it is told" if likely else "it is not told", "the capture", visible=likely)
    return likely
