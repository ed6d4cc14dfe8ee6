"""How NAT chooses tuples: addresses of a range by a hash without a secret, ports that are free, mappings that are kept (nf_nat_core.c)."""

from ipaddress import ip_address

import pytest

from visualize.datapath.conntrack import Connection, Tracker
from visualize.datapath.doubt import Doubts
from visualize.datapath.nat import setup
from visualize.datapath.tuples import FlowTuple
from visualize.netfilter.outcome import NatRequest


def connection(source: str, destination: str, sport: int = 2000, dport: int = 80, protocol: int = 17) -> Connection:
    """A new connection, unmapped."""
    original = FlowTuple(ip_address(source), ip_address(destination), protocol, sport, dport)
    return Connection(original, original.inverse())


def snat(address: str, ports: tuple[int, int] | None = None, **more: bool) -> NatRequest:
    """A source mapping to one address."""
    return NatRequest("SNAT", True, (ip_address(address), ip_address(address)), ports, **more)


def map_source(one: Connection, request: NatRequest | None, tracker: Tracker) -> Doubts:
    """Map the source, and confirm; the doubts that arose."""
    doubts = Doubts()
    setup(one, request, True, tracker, 0, doubts, "nat POSTROUTING 1", frozenset())
    assert tracker.confirm(one, 0)
    return doubts


# seen on Linux 6.18: -j DNAT --to-destination 10.2.0.8-10.2.0.9 --persistent
def test_the_address_that_the_kernel_chose() -> None:
    """An address of a range is named by a hash without a secret: the replay knows which, and has no doubt."""
    one, doubts = connection("10.2.0.9", "10.1.0.3", dport=8000), Doubts()
    request = NatRequest("DNAT", False, (ip_address("10.2.0.8"), ip_address("10.2.0.9")), persistent=True)
    setup(one, request, False, Tracker(None), 0, doubts, "nat OUTPUT 1", frozenset())
    assert str(one.reply_tuple.src) == "10.2.0.8"
    assert not doubts.all()


def test_a_port_is_kept_where_it_is_free() -> None:
    """The first connection keeps its source port; one that clashes gets another by lot, which is a doubt of that connection."""
    tracker = Tracker(None)
    first, second = connection("10.1.0.2", "203.0.113.7"), connection("10.1.0.3", "203.0.113.7")
    assert not map_source(first, snat("198.51.100.10"), tracker).all()
    assert first.reply_tuple.b == 2000
    doubts = map_source(second, snat("198.51.100.10"), tracker)
    assert second.reply_tuple.b != 2000
    assert second.lot
    assert all(doubt.by_chance for doubt in doubts.all())
    assert tracker.find(first.reply_tuple, first.zones, 0) == (first, True)


def test_an_answer_tells_the_port_that_was_drawn() -> None:
    """A reply to a port that no connection has belongs to the one whose port was drawn by lot; from then on it is known."""
    tracker = Tracker(None)
    first, second = connection("10.1.0.2", "203.0.113.7"), connection("10.1.0.3", "203.0.113.7")
    map_source(first, snat("198.51.100.10"), tracker)
    map_source(second, snat("198.51.100.10"), tracker)
    answer = second.reply_tuple._replace(b=55555)
    found, guess = tracker._recognized(answer, second.zones, 0)
    assert found == (second, True)
    assert guess
    assert not second.lot
    assert second.reply_tuple == answer


def test_the_only_free_port_is_no_lot() -> None:
    """Of a range with one port left, that one is taken, for certain; with none left, the second connection can't be confirmed."""
    tracker = Tracker(None)
    for source, expected in (("10.1.0.2", 2000), ("10.1.0.3", 2001)):
        one = connection(source, "203.0.113.7")
        assert not map_source(one, snat("198.51.100.10", (2000, 2001)), tracker).all()
        assert one.reply_tuple.b == expected
    last = connection("10.1.0.4", "203.0.113.7")
    setup(last, snat("198.51.100.10", (2000, 2001)), True, tracker, 0, Doubts(), "nat", frozenset())
    assert not tracker.confirm(last, 0)


def test_a_source_keeps_its_mapping() -> None:
    """Another connection of the same source port is mapped as the first was, even where that port was drawn (find_appropriate_src)."""
    tracker = Tracker(None)
    map_source(connection("10.1.0.9", "203.0.113.7"), snat("198.51.100.10"), tracker)
    drawn, later = connection("10.1.0.3", "203.0.113.7"), connection("10.1.0.3", "203.0.113.8")
    map_source(drawn, snat("198.51.100.10"), tracker)
    map_source(later, snat("198.51.100.10"), tracker)
    assert later.reply_tuple.b == drawn.reply_tuple.b


@pytest.mark.parametrize("protocol", [47, 50])
def test_without_ports_a_clash_is_found_when_it_is_confirmed(protocol: int) -> None:
    """GRE and ESP have nothing to tell two connections apart: the second one's packet is dropped."""
    tracker = Tracker(None)
    first, second = (connection(source, "203.0.113.7", 0, 0, protocol) for source in ("10.1.0.2", "10.1.0.3"))
    map_source(first, snat("198.51.100.10"), tracker)
    setup(second, snat("198.51.100.10"), True, tracker, 0, Doubts(), "nat", frozenset())
    assert not tracker.confirm(second, 0)
