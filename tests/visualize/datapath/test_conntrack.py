"""The table of connections holds those that live, not all that there ever were."""

from ipaddress import ip_address

import pytest

from snapshot.host.conntrack import ConntrackEntry, Tuple
from visualize.datapath.conntrack import NO_ZONE, SECOND, Connection, Tracker
from visualize.datapath.tuples import FlowTuple
from visualize.packet.packet import Packet


def entered(tracker: Tracker, number: int, now: int, timeout: int = 30) -> Connection:
    """A connection that lives for so many seconds, entered into the table."""
    tuples = FlowTuple(ip_address("10.0.0.2") + number % 1000, ip_address("198.51.100.1"), 17, 1024 + number // 1000, 53)
    one = Connection(tuples, tuples.inverse(), expires=now + timeout * SECOND)
    assert tracker.confirm(one, now)
    return one


def test_what_expired_is_forgotten() -> None:
    """Over hours, with a connection a second, the table stays small; a long-lived connection stays in it."""
    tracker = Tracker(None)
    lasting = entered(tracker, 0, 0, timeout=1_000_000)
    for second in range(1, 20_000):
        entered(tracker, second, second * SECOND)
        assert len(tracker._table) <= 2 * 4096
    assert len(tracker._by_source) <= 4096
    assert tracker.find(lasting.original_tuple, lasting.zones, 20_000 * SECOND) == (lasting, False)


def test_what_lives_is_kept() -> None:
    """However many there are."""
    tracker = Tracker(None)
    for number in range(10_000):
        entered(tracker, number, 0, timeout=1000)
    assert len(list(tracker.all())) == 10_000


def test_a_mapping_is_forgotten_with_its_connection() -> None:
    """gc_worker() deletes an expired entry within a minute or so; until then its mapping counts for others of its source."""
    tracker = Tracker(None)
    one = entered(tracker, 5, 0)
    one.reply_tuple = one.reply_tuple._replace(dst=ip_address("203.0.113.1"), b=4000)
    current = one.original_tuple._replace(dst=ip_address("198.51.100.9"))
    for seconds, expected in ((10, 4000), (100, 4000), (200, None)):
        mapped = tracker.mapped(current, one.zones, seconds * SECOND, lambda _: True)
        assert (mapped.a if mapped is not None else None) == expected


@pytest.mark.parametrize(("captured", "first", "doubted"), [(90, 110, False), (60, 110, True), (None, 110, False), (120, 110, False), (85, 114, False)])
def test_a_captured_entry_may_have_expired_before_the_capture(captured: int | None, first: int, doubted: bool) -> None:
    """Its timeout of 30 seconds ran from the snapshot on. A packet that came in time has renewed it; after one that may not have, nothing is sure."""
    tracker = Tracker(None)
    a, b = ip_address("10.0.0.2"), ip_address("198.51.100.1")
    entry = ConntrackEntry(4, 17, Tuple(a, b, 1024, 53), Tuple(b, a, 53, 1024), timeout=30)
    tracker.seed((entry,), 100 * SECOND, captured * SECOND if captured is not None else None)
    packet = Packet(a, b, 17, sport=1024, dport=53)
    for seconds in (first, first + 20):
        tracking = tracker.track(packet, NO_ZONE, seconds * SECOND)
        assert tracking.connection is not None
        assert tracking.connection.captured
        assert bool(tracking.guess) == doubted
