"""`ip -d -j link`, and `ip -d link` where there is no JSON: the interfaces of a namespace.

    7: veth4bb8afe@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master docker0 state UP mode DEFAULT group default
        link/ether 2e:f6:62:41:4c:a5 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 1  allmulti 1 minmtu 68 maxmtu 65535
        veth
        bridge_slave state forwarding priority 32 cost 2 hairpin off guard off root_block off fastleave off learning on flood on
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from itertools import pairwise
from typing import Any, TypeVar

from snapshot.finding import Finding, Kind
from snapshot.host.link import Bridge, BridgePort, Interface, IPAddress, Tunnel
from snapshot.parse import ip_short
from snapshot.parse.ip_netns import number_of

R = TypeVar("R")
_HEAD = re.compile(r"^(\d+): ([^:\s]+?)(?:@(\S+?))?:\s+<([^>]*)>(.*)$")
_KINDS = {"veth", "bridge", "vlan", "macvlan", "macvtap", "ipvlan", "dummy", "tun", "bond", "team", "vxlan", "vrf", "gre", "gretap",
          "ipip", "sit", "wireguard", "geneve", "ip6tnl", "ifb", "nlmon", "vti", "xfrm", "erspan", "ip6gre", "openvswitch", "can"}


def blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Split the output into one block of lines for each interface, with the number of its first line."""
    current: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if _HEAD.match(line):
            if current:
                yield start, current
            current, start = re.split(r"\\\s{3,}", line), number  # `ip -o link` puts all of one interface on a line
        elif current and (not line or line[0].isspace()):
            current.append(line)
    if current:
        yield start, current


def _word_after(words: list[str], name: str) -> str | None:
    return words[words.index(name) + 1] if name in words and words.index(name) + 1 < len(words) else None


def _on(words: list[str], name: str, default: bool) -> bool:
    value = _word_after(words, name)
    return default if value is None else value in ("on", "1")


def _netnsid(number: object, name: object) -> int | None:
    """The id of the other end's namespace. Where `ip netns` has a name for it, that is printed instead: it stands for a number below zero."""
    if isinstance(name, str) and name:
        return number_of(name)
    return int(number) if isinstance(number, int) or (isinstance(number, str) and number.isdigit()) else None


def interface_of_block(lines: list[str]) -> Interface | None:
    """One interface from its block of plain text."""
    head = _HEAD.match(lines[0])
    if head is None:
        return None
    index, name, other, flags, rest = head.groups()
    words = rest.split()
    detail = [line.split() for line in lines[1:] if line.strip()]
    flat = [word for line in detail for word in line]
    link = next((line for line in detail if line[0].startswith("link/")), [])
    kind = next((line[0] for line in detail if line[0] in _KINDS), None)
    slave = next((line for line in detail if line[0] == "bridge_slave"), None)
    if slave is None and "bridge_slave" in flat:
        slave = flat[flat.index("bridge_slave"):]
    peer = int(other[2:]) if other is not None and other.startswith("if") and other[2:].isdigit() else None
    body = next((line for line in detail if kind is not None and line[0] == kind), [])
    netnsid = _netnsid(_word_after(flat, "link-netnsid"), _word_after(flat, "link-netns"))
    mac = link[1].lower() if len(link) > 1 and link[1].count(":") == 5 else None
    vlan = _word_after(body, "id") if kind == "vlan" else None
    return Interface(
        name, int(index), kind, mac, int(_word_after(words, "mtu") or 1500), frozenset(flags.split(",")),
        _word_after(words, "group") or "default", _word_after(words, "master"),
        other if other is not None and peer is None and other != "NONE" else None, int(vlan) if vlan else None,
        _word_after(body, "mode") if kind in ("macvlan", "macvtap") else None,
        int(table) if kind == "vrf" and (table := _word_after(body, "table")) and table.isdigit() else None,
        peer_index=peer, peer_netnsid=netnsid,
        ipvlan_mode=_word_after(body, "mode") if kind == "ipvlan" else None, bond_mode=_word_after(body, "mode") if kind == "bond" else None,
        active_port=_word_after(body, "active_slave") if kind == "bond" else None, tunnel=_tunnel(kind, dict(pairwise(body))),
        bridge=_bridge(body) if kind == "bridge" else None, port=port_of_words(slave) if slave is not None else None)


def interfaces_of_text(text: str, file: str, findings: list[Finding]) -> Iterator[tuple[int, list[str], Interface]]:
    """Each interface of plain text with its lines; one whose values are not what the tool prints is a finding."""
    for start, lines in blocks(text):
        try:
            interface = interface_of_block(lines)
        except (ValueError, IndexError) as error:
            findings.append(Finding(Kind.SYNTAX, file, start, lines[0].strip()[:120], f"an interface can't be read: {error}"))
            continue
        if interface is not None:
            yield start, lines, interface


def _bridge(words: list[str]) -> Bridge:
    snooping = _word_after(words, "mcast_snooping")
    return Bridge(_on(words, "vlan_filtering", False), _on(words, "stp_state", False), _on(words, "nf_call_iptables", False),
                  _on(words, "nf_call_ip6tables", False), snooping in ("on", "1") if snooping is not None else None,
                  _seconds(_word_after(words, "ageing_time")))


def _seconds(hundredths: object) -> float:
    """`ageing_time` is printed in hundredths of a second."""
    return int(str(hundredths)) / 100 if str(hundredths).isdigit() else 300.0


_TUNNELS = {"vxlan", "geneve", "gre", "gretap", "ipip", "sit", "ip6tnl", "ip6gre", "ip6gretap", "erspan", "vti"}
_PORTS = {"vxlan": 4789, "geneve": 6081}


def _tunnel(kind: str | None, data: Mapping[str, Any]) -> Tunnel | None:
    """The outer header of a tunnel device, from `key value` pairs of the text or from info_data."""
    if kind not in _TUNNELS:
        return None
    port = str(data.get("port", data.get("dstport", "")))
    number = str(data.get("id", ""))
    ttl = str(data.get("ttl", ""))
    return Tunnel(_address(data.get("local", data.get("local6"))), _address(data.get("remote", data.get("remote6", data.get("group")))),
                  data.get("link") or data.get("dev"), int(port) if port.isdigit() else _PORTS.get(kind),
                  int(ttl) if ttl.isdigit() and int(ttl) else None,
                  int(number) if number.isdigit() else None)


def _address(text: object) -> IPAddress | None:
    try:
        return ip_address(str(text)) if text else None
    except ValueError:
        return None


def port_of_words(words: list[str]) -> BridgePort:
    """One port from `key value` words of `ip -d link` (behind bridge_slave) or of `bridge -d link`."""
    hairpin = _word_after(words, "hairpin")
    return BridgePort((_word_after(words, "state") or "forwarding").lower(), hairpin in ("on", "1") if hairpin is not None else None,
                      _on(words, "learning", True), _on(words, "flood", True), _on(words, "isolated", False),
                      _on(words, "mcast_flood", True), _on(words, "bcast_flood", True), _on(words, "locked", False))


def interface_of_json(item: dict[str, Any]) -> Interface:
    """One interface from `ip -d -j link` or `ip -d -j addr`."""
    info = item.get("linkinfo") or {}
    kind, data = info.get("info_kind"), info.get("info_data") or {}
    slave = info.get("info_slave_data") if info.get("info_slave_kind") == "bridge" else None
    netnsid = _netnsid(item.get("link_netnsid"), item.get("link_netns"))
    mac = item.get("address")
    link = item.get("link")
    return Interface(
        item["ifname"], item.get("ifindex"), kind, mac.lower() if isinstance(mac, str) and mac.count(":") == 5 else None,
        int(item.get("mtu", 1500)), frozenset(item.get("flags", ())),
        str(item.get("group", "default")), item.get("master"), link, data.get("id") if kind == "vlan" else None,
        data.get("mode") if kind in ("macvlan", "macvtap") else None, data.get("table") if kind == "vrf" else None,
        peer_index=item.get("link_index"), peer_netnsid=netnsid,
        ipvlan_mode=data.get("mode") if kind == "ipvlan" else None, bond_mode=data.get("mode") if kind == "bond" else None,
        active_port=data.get("active_slave") if kind == "bond" else None, tunnel=_tunnel(kind, data),
        bridge=_json_bridge(data) if kind == "bridge" else None, port=port_of_json(slave) if slave is not None else None)


def _json_bridge(data: dict[str, Any]) -> Bridge:
    snooping = data.get("mcast_snooping")
    return Bridge(bool(data.get("vlan_filtering")), bool(data.get("stp_state")), bool(data.get("nf_call_iptables")),
                  bool(data.get("nf_call_ip6tables")), bool(snooping) if snooping is not None else None, _seconds(data.get("ageing_time")))


def port_of_json(data: dict[str, Any]) -> BridgePort:
    """One port from info_slave_data of `ip -d -j link`, or from `bridge -d -j link`."""
    hairpin = data.get("hairpin")
    return BridgePort(str(data.get("state", "forwarding")), hairpin if isinstance(hairpin, bool) else None,
                      bool(data.get("learning", True)), bool(data.get("flood", True)), bool(data.get("isolated", False)),
                      bool(data.get("mcast_flood", True)), bool(data.get("bcast_flood", True)), bool(data.get("locked", False)))


def load_json(text: str, file: str) -> tuple[list[dict[str, Any]], list[Finding]]:
    """The objects of an iproute2 JSON array; empty ones (iproute2 prints `{}` for filtered lines) are left out."""
    try:
        data = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        return [], [Finding(Kind.SYNTAX, file, line, "", f"not valid JSON: {error}")]
    except RecursionError:
        return [], [Finding(Kind.SYNTAX, file, 1, "", "JSON nested deeper than any tool prints")]
    if not isinstance(data, list):
        return [], [Finding(Kind.SYNTAX, file, 0, "", "not a JSON array, as iproute2 prints it")]
    return [item for item in data if isinstance(item, dict) and item], []


def each(items: list[dict[str, Any]], make: Callable[[dict[str, Any]], R], file: str, what: str,
         findings: list[Finding]) -> tuple[R, ...]:
    """One record for each item; an item whose values are not what the tool prints is a finding."""
    found: list[R] = []
    for item in items:
        try:
            found.append(make(item))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            findings.append(Finding(Kind.SYNTAX, file, 0, str(item)[:120], f"{what} can't be read: {error}"))
    return tuple(found)


def is_json(text: str) -> bool:
    """Whether the text looks like iproute2's JSON."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def parse(text: str, file: str = "") -> tuple[tuple[Interface, ...], tuple[Finding, ...]]:
    """The interfaces, from JSON or plain text."""
    if is_json(text):
        items, findings = load_json(text, file)
        found_json = each([item for item in items if "ifname" in item], interface_of_json, file, "an interface", findings)
        return found_json, tuple(findings)
    if ip_short.looks_brief(text):
        return ip_short.parse(text, file)
    problems: list[Finding] = []
    found = [interface for _, _, interface in interfaces_of_text(text, file, problems)]
    if text.strip() and not found:
        problems.append(Finding(Kind.SYNTAX, file, 1, text.strip().splitlines()[0][:120], "not what `ip link` prints"))
    return tuple(found), tuple(problems)
