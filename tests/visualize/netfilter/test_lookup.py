"""A long chain looked up gives the answers of one that is read through."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snapshot.host.firewall import Table
from snapshot.parse import iptables_list, iptables_save
from visualize.datapath.doubt import Doubts
from visualize.netfilter.lookup import DEMANDS, lookup
from visualize.netfilter.rule import BoundTable
from visualize.netfilter.walk import walk
from visualize.path import Step

from .case import World, here_of, packet_of

KINDS = {
    "destinations": "-d 10.0.0.{n}/32 -p tcp -m comment --comment \"svc -d 10.9.9.9 -j X\" -m tcp --dport {port}",
    "negated": "! -d 10.0.0.{n}/32",
    "networks": "-d 10.0.0.{n}/30",
    "sources": "-s 10.0.1.{n}",
    "ports": "-p tcp -m tcp --dport {port}",
    "port ranges": "-p tcp -m tcp --dport {port}:{more}",
    "negated ports": "-p tcp -m tcp ! --dport {port}",
    "udp ports": "-p udp -m udp --dport {port}",
    "incoming": "-i cali{n}",
    "incoming prefix": "-i cali{n}+",
    "outgoing": "-o cali{n}",
    "any": "-m mark --mark {n}",
}
TARGETS = ("ACCEPT", "DROP", "RETURN", "A", "B", "MARK --set-xmark 0x{n}/0xff", "")


def table_of(seed: int) -> Table:
    """A filter table whose long chains are mostly of one kind, with others mixed in."""
    rng = Random(seed)
    lines = ["*filter", ":FORWARD ACCEPT [0:0]", ":A - [0:0]", ":B - [0:0]"]
    for chain, deeper in (("FORWARD", TARGETS), ("A", (*TARGETS[:3], "B", *TARGETS[5:])), ("B", (*TARGETS[:3], *TARGETS[5:]))):
        main = rng.choice(list(KINDS))
        for _ in range(rng.randint(33, 60)):
            kind = main if rng.random() < 0.9 else rng.choice(list(KINDS))
            n, port = rng.randint(1, 20), rng.randint(80, 90)
            match = KINDS[kind].format(n=n, port=port, more=port + 3)
            target = rng.choice(deeper).format(n=n)
            lines.append(f"-A {chain} {match}" + (f" -j {target}" if target else ""))
    return iptables_save.parse("\n".join([*lines, "COMMIT", ""]))[0][0]


def walked(table: Table, text: str, plain: bool) -> tuple[list[Step], object]:
    """The steps of a walk, and how it ended."""
    packet, words = packet_of(text)
    way = walk(BoundTable(table, plain), "FORWARD", packet, here_of(packet, words, World()), Doubts())
    steps: list[Step] = []
    while True:
        try:
            steps.append(next(way))
        except StopIteration as stop:
            return steps, (stop.value.verdict, stop.value.packet, stop.value.at)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 22), m=st.integers(1, 22), port=st.integers(79, 92),
       proto=st.sampled_from(["tcp", "udp"]), interfaces=st.tuples(st.integers(1, 22), st.integers(1, 22)))
@settings(max_examples=150, deadline=None)
def test_lookups_change_no_answer(seed: int, n: int, m: int, port: int, proto: str, interfaces: tuple[int, int]) -> None:
    """For random tables and packets: the same steps, the same verdict, with and without lookups."""
    table = table_of(seed)
    text = f"{proto} 10.0.1.{m}:1024 > 10.0.0.{n}:{port} in=cali{interfaces[0]} out=cali{interfaces[1]}"
    assert walked(table, text, True) == walked(table, text, False)


@pytest.mark.parametrize(("rule", "name", "value"), [
    ("-d 10.0.0.1/32 -j X", "destination", 0x0a000001),
    ("-d 10.0.0.1 -j X", "destination", 0x0a000001),
    ("! -d 10.0.0.1/32 -j X", "destination", None),
    ("-d 10.0.0.0/24 -j X", "destination", None),
    ("-d 2001:db8::1/128 -j X", "destination", 0x20010db8 << 96 | 1),
    ("-d 2001:db8::/32 -j X", "destination", None),
    ("-m comment --comment \" -d 10.0.0.1/32 \" -j X", "destination", None),
    ("-p tcp -m tcp --dport 80 -j X", "destination port", 80),
    ("-p tcp -m tcp --dport 80:90 -j X", "destination port", None),
    ("-p tcp -m tcp ! --dport 80 -j X", "destination port", None),
    ("-p tcp -m recent --update -m tcp --dport 80 -j X", "destination port", None),
    ("-i eth0 -j X", "in-interface", "eth0"),
    ("-i eth+ -j X", "in-interface", None),
])
def test_only_plain_demands_count(rule: str, name: str, value: object) -> None:
    """A rule is passed over only for what it surely demands; everything else is always a candidate."""
    from visualize.netfilter.lookup import _bare
    demand = next(one for one in DEMANDS if one.name == name)
    assert demand.of_rule(_bare(f"-A FORWARD {rule}")) == value


def test_a_short_chain_is_read() -> None:
    """Below some dozens of rules a lookup gains nothing."""
    rules = iptables_save.parse("*filter\n:FORWARD ACCEPT\n-A FORWARD -d 10.0.0.1/32 -j DROP\nCOMMIT\n")[0][0].chains["FORWARD"].rules
    assert lookup(rules) is None


def test_a_comment_of_a_listing_is_no_demand() -> None:
    """What a row's comment says is not what its rule asks for."""
    row = "    0     0 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* was -d 10.0.0.1/32 -j X */"
    head = "Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)\n pkts bytes target     prot opt in     out     source               destination"
    (table,), _ = iptables_list.parse("\n".join([head, *[row] * 40, ""]), "f", table="filter")
    assert lookup(table.chains["FORWARD"].rules) is None
