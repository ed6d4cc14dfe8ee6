"""Hosts with native nftables rules: the columns give what replaying every packet gives, and know which rules look at more than atoms."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snapshot.parse.nft_json import parse
from visualize.columns import nft
from visualize.columns.atoms import Atoms, helps
from visualize.columns.cache import Cache
from visualize.flows import gather
from visualize.load import Loaded, load, replay
from visualize.packet.pcap import read_frames
from visualize.replay import Source
from visualize.rows import row_of

sys.path.insert(0, str(Path(__file__).parent))
import traffic

SAMPLE = Path(__file__).parents[3] / "samples/default-bridge/snapshot.tar.gz"
Expression = dict[str, Any]
ACCEPT, DROP, COUNTER = {"accept": None}, {"drop": None}, {"counter": {"packets": 7, "bytes": 80}}


def field(protocol: str, name: str) -> Expression:
    """A field of a header."""
    return {"payload": {"protocol": protocol, "field": name}}


def compare(left: Expression, right: Any, op: str = "==") -> Expression:
    """A match."""
    return {"match": {"op": op, "left": left, "right": right}}


def prefix(address: str, length: int) -> Expression:
    """A prefix."""
    return {"prefix": {"addr": address, "len": length}}


SADDR, DPORT, SPORT, STATE = field("ip", "saddr"), field("tcp", "dport"), field("th", "sport"), {"ct": {"key": "state"}}
IIF = {"meta": {"key": "iifname"}}
FILTER: list[list[Expression]] = [
    [compare(STATE, ["established", "related"], "in"), COUNTER, ACCEPT],
    [{"vmap": {"key": IIF, "data": {"set": [["docker0", {"jump": {"target": "inside"}}], ["eth0", {"goto": {"target": "outside"}}]]}}}],
]
OUTSIDE: list[list[Expression]] = [
    [compare(SADDR, {"set": [prefix("203.0.113.104", 30), {"range": ["203.0.113.110", "203.0.113.113"]}]}), {"log": {"prefix": "x"}}, DROP],
    [compare(SADDR, "@watched"), {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}],
    [compare(SPORT, 40000, ">"), compare({"ct": {"key": "status"}}, "dnat", "in"), COUNTER],
    [compare({"&": [field("tcp", "flags"), ["syn", "ack"]]}, ["syn"]), {"mangle": {"key": {"meta": {"key": "mark"}}, "value": 5}}],
]
INSIDE: list[list[Expression]] = [
    [compare({"concat": [field("ip", "daddr"), field("tcp", "dport")]}, {"set": [{"concat": ["198.51.100.80", 443]}]}), {"reject": {"type": "tcp reset"}}],
    [compare(field("udp", "dport"), {"range": [50, 60]}), DROP],
    [compare(field("icmp", "type"), "echo-request"), ACCEPT],
    [compare({"fib": {"result": "type", "flags": ["daddr"]}}, "local"), {"return": None}],
]


def host_with(rules: dict[str, list[list[Expression]]], extra: tuple[Expression, ...] = ()) -> Loaded:
    """The sample's host with a native table besides Docker's rules."""
    names = {"family": "inet", "table": "own"}
    held: list[Expression] = [{"table": {"family": "inet", "name": "own", "handle": 1}}, *extra,
                              {"set": {**names, "name": "watched", "type": "ipv4_addr", "handle": 9, "elem": ["203.0.113.120"]}}]
    hooks = {"forward": ("filter", 5), "input": ("filter", 5), "post": ("nat", 90)}
    for name in ("inside", "outside", *hooks):
        kind, priority = hooks.get(name, ("", 0))
        base = {"type": kind, "hook": {"post": "postrouting"}.get(name, name), "prio": priority, "policy": "accept"} if kind else {}
        held.append({"chain": {**names, "name": name, "handle": 2, **base}})
    for chain, found in rules.items():
        held += [{"rule": {**names, "chain": chain, "handle": number, "expr": one}} for number, one in enumerate(found, 10)]
    tables, findings = parse(json.dumps({"nftables": held}))
    assert not findings
    loaded = load(str(SAMPLE))
    host = loaded.built.host
    spaces = {**host.namespaces, "host": replace(host.namespaces["host"], nft=tables)}
    return replace(loaded, built=replace(loaded.built, host=replace(host, namespaces=spaces)))


RULES = {"forward": FILTER, "input": FILTER, "outside": OUTSIDE, "inside": INSIDE, "post": [[compare(SADDR, prefix("172.17.0.0", 16)), {"masquerade": None}]]}


def replayed(loaded: Loaded, seed: int, connections: int = 120, spoilt: float = 0.03) -> float:
    """Compare; which part of the packets the columns had to replay."""
    capture = read_frames(traffic.capture(loaded.built.host, seed, connections, spoilt, lost=0, torn=0), "any.pcap")
    source = Source("any.pcap", capture, capture=capture)
    settled = Cache(loaded.built.host, {}, loaded.later, [source]).settled()
    assert settled is not None
    rows = list(settled.flow_table(loaded.built.host).rows())
    assert rows == [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, [source], {}))]
    return sum(flow.packets for flow in settled.run.flows) / sum(row["packets"] for row in rows)


@pytest.mark.parametrize("seed", range(6))
def test_rules_of_many_kinds(seed: int) -> None:
    """Sets, ranges, verdict maps, concatenations, marks, rejects and NAT, which all are a matter of atoms."""
    loaded = host_with(RULES)
    assert nft.by_atoms(loaded.built.host.namespaces["host"])
    replayed(loaded, seed)


@pytest.mark.parametrize("expression", [
    {"limit": {"rate": 1, "per": "second"}}, {"ct count": {"val": 3}}, {"xt": None}, {"set": {"op": "add", "elem": SADDR, "set": "@seen"}},
    compare(SADDR, "@seen"), compare({"&": [SADDR, 0xFF0000FF]}, 0x01000001), compare(field("ip", "length"), 100, ">"),
    compare({"ct": {"key": "status"}}, "assured", "in"), compare({"ct": {"key": "mark"}}, 3), compare({"numgen": {"mode": "random", "mod": 2}}, 0),
    {"dnat": {"addr": {"map": {"key": DPORT, "data": {"set": [[80, "10.0.0.1"]]}}}}}, {"masquerade": {"flags": "random"}}, {"mangle": {}}, {"match": None}])
def test_rules_that_look_at_more(expression: Expression) -> None:
    """State, chance, moving sets, arithmetic on addresses, lengths: packets that come near them are replayed."""
    seen = {"set": {"family": "inet", "table": "own", "name": "seen", "type": "ipv4_addr", "handle": 8, "flags": ["dynamic"]}}
    loaded = host_with(RULES | {"outside": [*OUTSIDE, [expression]]}, (seen,))
    assert not nft.by_atoms(loaded.built.host.namespaces["host"])
    replayed(loaded, 2, 40)


def test_most_connections_are_not_replayed() -> None:
    """Few of many connections stand for the others."""
    assert replayed(host_with(RULES), 2, 2000, 0) < 0.8
    assert replayed(host_with(RULES | {"outside": [[{"limit": {"rate": 1, "per": "second"}}]]}), 2, 100, 0) == 1


def test_helpers_refuse_the_host() -> None:
    """A helper may expect connections."""
    helper = {"ct helper": {"family": "inet", "table": "own", "name": "ftp", "handle": 7, "type": "ftp", "protocol": "tcp"}}
    assert helps(host_with(RULES, (helper,)).built.host.namespaces["host"])
    assert not helps(host_with(RULES).built.host.namespaces["host"])


def test_atoms_of_rules() -> None:
    """Addresses on both sides of a bound are told apart, those within are not; counters are no ports."""
    from ipaddress import ip_address

    import numpy as np

    from snapshot.host.link import IPAddress
    from visualize.columns.frames import words_of
    atoms = Atoms(host_with(RULES).built.host)

    def atom(text: str) -> int:
        address: IPAddress = ip_address(text)
        return int(atoms.addresses(words_of([address]), np.array([False]))[0])

    assert atom("203.0.113.103") != atom("203.0.113.104") != atom("203.0.113.107") != atom("203.0.113.108")
    assert atom("203.0.113.105") == atom("203.0.113.106")
    assert atom("203.0.113.111") == atom("203.0.113.112") != atom("203.0.113.114")
    assert atom("203.0.113.119") != atom("203.0.113.120") != atom("203.0.113.121")
    ports = atoms.ports(np.array([49, 50, 52, 60, 61, 39999, 40000, 40001]))
    assert ports[0] != ports[1] != ports[3] != ports[4]
    assert ports[5] != ports[6] != ports[7]
