"""Native nftables rules: which of them ask nothing of a packet but what atoms, and the kind of packet, tell."""

from typing import Any

from snapshot.host import Namespace
from snapshot.host.nft import NftTable

# keys whose values are among the atoms, or equal for all packets of one event in one class
_META = {"iifname", "oifname", "iif", "oif", "l4proto", "nfproto", "protocol", "mark", "pkttype", "nftrace", "priority"}
_PAYLOAD = {"ip": {"saddr", "daddr", "protocol", "ttl", "dscp"}, "ip6": {"saddr", "daddr", "hoplimit", "dscp"}, "icmp": {"type", "code"},
            "icmpv6": {"type", "code"}, "tcp": {"sport", "dport", "flags"}, "udp": {"sport", "dport"}, "th": {"sport", "dport"}}
_STATEMENTS = {"accept", "drop", "return", "continue", "jump", "goto", "reject", "counter", "log", "comment"}
_NAT = {"masquerade", "redirect", "dnat", "snat"}
_TRANSLATED = {"dnat", "snat"}  # of the states of a connection, those that its first packet settles


_TERMS = ({"meta": {"key": "mark"}}, {"payload": {"protocol": "tcp", "field": "flags"}})  # of which bits may be compared


def helps(table: NftTable) -> bool:
    """Whether conntrack helpers are attached here."""
    return bool(table.helpers) or any("ct helper" in one for chain in table.chains.values() for rule in chain.rules for one in rule.expressions)


def by_atoms(namespace: Namespace) -> bool:
    """Whether no native rule of a namespace depends on more: a packet may pass any chain without leaving a step."""
    try:
        return all(_plain(expression, table) for table in namespace.nft for chain in table.chains.values() for rule in chain.rules
                   for expression in rule.expressions)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return False  # not what nft prints


def _plain(expression: Any, table: NftTable) -> bool:
    """One expression of a rule."""
    kind, body = next(iter(expression.items()))
    match kind:
        case "match":
            return _known(body["left"], body["right"]) and _steady(body["right"], table)
        case "vmap":
            return _known(body["key"], None) and _steady(body["data"], table)
        case "mangle":
            return body["key"].get("meta", {}).get("key") in ("mark", "nftrace", "priority") and isinstance(body["value"], int)
        case _ if kind in _NAT:
            body = body or {}
            return not body.get("flags") and isinstance(body.get("addr"), str | None) and isinstance(body.get("port"), int | None)
        case _:
            return kind in _STATEMENTS


def _known(left: Any, right: Any) -> bool:
    """Whether what is compared is a matter of atoms. Arithmetic on addresses and ports is not, on marks and TCP flags it is."""
    name, body = next(iter(left.items()))
    match name:
        case "concat":
            return all(_known(part, None) for part in body)
        case "meta":
            return body["key"] in _META
        case "payload":
            return body.get("field") in _PAYLOAD.get(body.get("protocol", ""), ())
        case "ct" if "dir" in body:
            return True  # of the tuples that the first packet has before and behind NAT
        case "ct":
            words = set(right) if isinstance(right, list) else {right} if isinstance(right, str) else {""}
            return body["key"] in ("state", "direction") or (body["key"] == "status" and words <= _TRANSLATED)
        case "fib":
            return True  # addresses of interfaces and routes
        case "&":
            return body[0] in _TERMS
        case _:
            return False


def _steady(right: Any, table: NftTable) -> bool:
    """Whether what it is compared with stays as it was captured."""
    if not (isinstance(right, str) and right.startswith("@")):
        return True
    held = table.sets.get(right[1:])
    return held is not None and not held.dynamic
