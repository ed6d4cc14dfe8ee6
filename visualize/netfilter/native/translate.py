"""nftables' NAT and reject statements in the terms that the datapath carries out for iptables' targets."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.outcome import Begets, NatRequest, Outcome, RuleVerdict
from visualize.packet.packet import Packet

Step = Callable[[Packet, Here, Outcome], Outcome]
_ICMP = {"net-unreachable": "icmp-net-unreachable", "host-unreachable": "icmp-host-unreachable", "prot-unreachable": "icmp-proto-unreachable",
         "port-unreachable": "icmp-port-unreachable", "net-prohibited": "icmp-net-prohibited", "host-prohibited": "icmp-host-prohibited",
         "admin-prohibited": "icmp-admin-prohibited"}
_ICMPV6 = {"no-route": "icmp6-no-route", "admin-prohibited": "icmp6-adm-prohibited", "addr-unreachable": "icmp6-addr-unreachable",
           "port-unreachable": "icmp6-port-unreachable", "policy-fail": "icmp6-policy-fail", "reject-route": "icmp6-reject-route"}
# nft_reject_inet: what icmpx means in each family
_ICMPX = {"port-unreachable": ("icmp-port-unreachable", "icmp6-port-unreachable"),
          "admin-prohibited": ("icmp-admin-prohibited", "icmp6-adm-prohibited"),
          "no-route": ("icmp-net-unreachable", "icmp6-no-route"), "host-unreachable": ("icmp-host-unreachable", "icmp6-addr-unreachable")}


class Family:
    """The packet's family, which a statement for one family asks for by itself."""

    def __init__(self, family: int) -> None:
        self._family = family

    def test(self, packet: Packet, here: Here) -> Answer:
        """Whether it is that family."""
        return decide(packet.family == self._family, f"it is not IPv{self._family}")


def reject(body: Any) -> Step:
    """`reject`, `reject with icmp type X`, `reject with tcp reset`. Raises BindError."""
    kind, told = (body or {}).get("type", "icmpx"), (body or {}).get("expr", "port-unreachable")
    if kind == "tcp reset":
        names = ("tcp-reset", "tcp-reset")
    elif kind == "icmpx" and told in _ICMPX:
        names = _ICMPX[told]
    elif kind == "icmp" and told in _ICMP:
        names = (_ICMP[told], "")
    elif kind == "icmpv6" and told in _ICMPV6:
        names = ("", _ICMPV6[told])
    else:
        raise BindError(f"reject with {kind} {told} is not modelled")

    def step(packet: Packet, here: Here, so_far: Outcome) -> Outcome:
        return replace(so_far, verdict=RuleVerdict.DROP, begets=Begets(names[packet.family == 6]))

    return step


def nat(kind: str, body: dict[str, Any], mapped: Callable[[Packet, Here], Any] | None) -> Step:
    """`dnat to`, `snat to`, `masquerade`, `redirect`; `mapped` gives address (and port) from a map. Raises BindError."""
    flags = body.get("flags") or []
    flags = [flags] if isinstance(flags, str) else flags
    unknown = set(flags) - {"random", "fully-random", "persistent"}
    if unknown:
        raise BindError(f"{kind} with {', '.join(sorted(unknown))} is not modelled")
    addresses = None if mapped is not None else _addresses(body.get("addr"))
    plain = NatRequest(kind.upper(), kind in ("snat", "masquerade"), addresses, _ports(body.get("port")),
                       random="random" in flags, random_fully="fully-random" in flags, persistent="persistent" in flags)

    def step(packet: Packet, here: Here, so_far: Outcome) -> Outcome:
        request = plain if mapped is None else _of_map(plain, mapped(packet, here))
        return replace(so_far, verdict=RuleVerdict.ACCEPT, nat=request)

    return step


def _of_map(request: NatRequest, found: Any) -> NatRequest:
    if isinstance(found, dict) and "concat" in found:
        address, port = found["concat"][:2]
        return replace(request, addresses=_addresses(address), ports=_ports(port))
    return replace(request, addresses=_addresses(found))


def _addresses(told: Any) -> tuple[IPAddress, IPAddress] | None:
    if told is None:
        return None
    if isinstance(told, str):
        return ip_address(told), ip_address(told)
    if isinstance(told, dict) and "range" in told:
        return ip_address(told["range"][0]), ip_address(told["range"][1])
    raise BindError(f"{told} is not modelled as an address")


def _ports(told: Any) -> tuple[int, int] | None:
    if told is None:
        return None
    if isinstance(told, int):
        return told, told
    if isinstance(told, dict) and "range" in told:
        return int(told["range"][0]), int(told["range"][1])
    raise BindError(f"{told} is not modelled as a port")
