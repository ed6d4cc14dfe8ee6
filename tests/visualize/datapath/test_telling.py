"""How often one sender is told by ICMP. What of it a real kernel showed stands in tests/kernel/recorded (unreachable-burst, icmp-ratelimit, icmp6-ratelimit)."""

from ipaddress import ip_address

import pytest

from tests.visualize.datapath.test_device import HOST, SYSCTL, machine
from visualize.datapath.conntrack import SECOND
from visualize.datapath.machine import Machine
from visualize.packet.packet import Packet
from visualize.path import Path, Verdict

ROUTES = "10.5.0.0/24 dev eth0 proto kernel scope link src 10.5.0.1\nunreachable 192.0.2.0/24\n"
START = 100 * SECOND


def begun(sysctl: str = "") -> Machine:
    """A router whose capture began at START."""
    one = machine(host={"ip_addr": HOST, "ip_4_route": ROUTES, "sysctl": SYSCTL + sysctl})
    return Machine(one.host, START)


def sent(one: Machine, after: float, dst: str = "192.0.2.1", ttl: int = 64, src: str = "10.5.0.2") -> Path:
    """What becomes of a packet so many seconds after the capture began."""
    packet = Packet(ip_address(src), ip_address(dst), 17, ttl, 0, length=60, sport=1, dport=2)
    return one.receive(packet, "host", "eth0", START + int(after * SECOND))[0]


@pytest.mark.parametrize(("sysctl", "dst", "ttl", "told"), [
    ("", "192.0.2.1", 64, 2),  # ip_error and the ICMP error itself take a token each, of five
    ("net.ipv4.icmp_ratemask = 0\n", "192.0.2.1", 64, 5),
    ("net.ipv4.icmp_ratelimit = 0\n", "192.0.2.1", 64, 5),
    ("net.ipv4.icmp_ratelimit = 0\nnet.ipv4.route.error_cost = 0\n", "192.0.2.1", 64, 9),
    ("net.ipv4.icmp_ratelimit = 0\nnet.ipv4.route.error_cost = 250\nnet.ipv4.route.error_burst = 500\n", "192.0.2.1", 64, 2),
    ("", "10.5.0.9", 1, 6)])
def test_a_sender_is_told_so_often_in_a_row(sysctl: str, dst: str, ttl: int, told: int) -> None:
    """Then the packet is dropped, and for certain: enough time has passed since the capture began to know how full the store is."""
    one = begun(sysctl)
    ends = [sent(one, 20 + number / 1000, dst, ttl) for number in range(9)]
    assert [path.verdict for path in ends] == [Verdict.REJECTED] * told + [Verdict.DROPPED] * (9 - told)
    assert not any(path.doubts for path in ends)


def test_what_was_told_before_the_capture_is_not_known() -> None:
    """In the capture's first second the answer may be missing, as a doubt that a capture of everything settles."""
    one = begun()
    first = sent(one, 0.5, "10.5.0.9", 1)
    assert first.verdict is Verdict.REJECTED
    assert [doubt.visible for doubt in first.doubts] == [True]
    assert not sent(one, 20, "10.5.0.9", 1).doubts


def test_each_sender_has_a_store_of_its_own() -> None:
    """One that has used its own up leaves others theirs, and is told again when time has passed."""
    one = begun()
    for number in range(9):
        sent(one, 20 + number / 1000, "10.5.0.9", 1)
    assert sent(one, 20.1, "10.5.0.9", 1).verdict is Verdict.DROPPED
    assert sent(one, 20.1, "10.5.0.9", 1, "10.5.0.3").verdict is Verdict.REJECTED
    assert sent(one, 21.2, "10.5.0.9", 1).verdict is Verdict.REJECTED
