"""Captures of some interfaces only: what they leave open is said."""

from ipaddress import ip_address

import pytest

from snapshot.host import Namespace
from snapshot.host.link import Interface
from visualize import unseen
from visualize.datapath.conntrack import Connection, Tracking
from visualize.datapath.doubt import Doubts
from visualize.datapath.skb import Journey
from visualize.datapath.tuples import FlowTuple
from visualize.packet.packet import Packet

A, B = ip_address("10.0.0.1"), ip_address("10.0.0.2")
UP = frozenset({"UP", "LOWER_UP"})


def namespace(*names: str) -> Namespace:
    """A host with these interfaces, all up; `name/master` is a port."""
    made = [Interface(text.partition("/")[0], flags=UP, master=text.partition("/")[2] or None) for text in names]
    return Namespace("host", interfaces={one.name: one for one in made})


@pytest.mark.parametrize(("names", "scope", "expected"), [
    (("eth0", "eth1"), {("host", None)}, ()),
    (("eth0", "eth1"), {("host", "eth0")}, ("eth1",)),
    (("eth0", "veth1/docker0"), {("host", "eth0"), ("host", "docker0")}, ()),
    (("eth0",), {("web", None)}, ("eth0",)),
])
def test_which_interfaces_were_not_captured(names: tuple[str, ...], scope: set[tuple[str, str | None]], expected: tuple[str, ...]) -> None:
    """A capture on any covers all, one on a bridge covers its ports; another namespace's capture covers nothing here."""
    assert unseen.uncovered(namespace(*names), scope) == expected


@pytest.mark.parametrize(("flags", "fresh", "nat", "doubted"), [(2, True, False, False), (2, True, True, True), (2, False, False, True),
                                                                (18, True, False, True), (16, False, False, True)])
def test_only_an_opening_segment_is_certain(flags: int, fresh: bool, nat: bool, doubted: bool) -> None:
    """A SYN that opens its connection is; whatever else may have met a connection that came in unseen."""
    packet = Packet(A, B, 6, sport=1, dport=2, tcp_flags=flags)
    one = FlowTuple(A, B, 6, 1, 2)
    connection = Connection(one, one.inverse(), flags={"SNAT"} if nat else set())
    journey = Journey(Doubts(), 0, states=[("host", Tracking(connection, "NEW", fresh=fresh))])
    assert (unseen.doubt(("eth1",), packet, journey) is not None) == doubted
