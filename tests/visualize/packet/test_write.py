"""Packets as bytes: headers follow the fields, checksums follow the headers."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from visualize.packet.decode import decode
from visualize.packet.packet import Packet
from visualize.packet.pcap import Frame
from visualize.packet.write import written


def read(data: bytes, wire: int | None = None) -> Packet:
    """Raw IP bytes as a packet."""
    decoded = decode(Frame(1, 0, 101, memoryview(data), wire or len(data)))
    assert decoded is not None
    return decoded.packet


V4 = [IP(src="10.0.0.1", dst="10.0.0.2", ttl=64, id=7) / TCP(sport=1000, dport=80, options=[("MSS", 1460)]) / Raw(b"hello"),
      IP(src="10.0.0.1", dst="10.0.0.2", ttl=64) / UDP(sport=1000, dport=80) / Raw(b"odd"),
      IP(src="10.0.0.1", dst="10.0.0.2", ttl=64) / ICMP(id=9) / Raw(b"ping")]
V6 = [IPv6(src="fd00::1", dst="fd00::2") / TCP(sport=1000, dport=80) / Raw(b"hello"),
      IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=1000, dport=80)]


@pytest.mark.parametrize("made", [*V4, *V6])
def test_an_unchanged_packet_is_written_as_it_was(made: object) -> None:
    """Byte for byte."""
    data = bytes(made)  # type: ignore[call-overload]
    assert written(read(data)) == data


@pytest.mark.parametrize("made", [*V4[:2], *V6])
@pytest.mark.parametrize("cut", [0, 3])
def test_checksums_follow_nat(made: object, cut: int) -> None:
    """New addresses, ports and TTL give the sums that a sender would have written, also where the capture was cut."""
    data = bytes(made)  # type: ignore[call-overload]
    packet = read(data[:len(data) - cut], len(data))
    four = packet.family == 4
    changed = replace(packet, dst=ip_address("192.0.2.9" if four else "2001:db8::9"), dport=8080, ttl=63)
    wanted = made.copy()  # type: ignore[attr-defined]
    wanted.dst = str(changed.dst)
    setattr(wanted, "ttl" if four else "hlim", 63)
    wanted.payload.dport = 8080
    full = bytes(wanted)
    assert written(changed) == full[:len(full) - cut]


def test_a_wrong_checksum_stays_wrong() -> None:
    """What NAT does to a broken packet does not repair it."""
    data = bytearray(bytes(V4[0]))
    data[36] ^= 0xFF
    changed = replace(read(bytes(data)), dst=ip_address("192.0.2.9"))
    right = replace(read(bytes(V4[0])), dst=ip_address("192.0.2.9"))
    assert written(changed) != written(right)
    assert written(changed)[:36] == written(right)[:36]


def test_the_quoted_packet_of_an_icmp_error_follows() -> None:
    """An ICMP error's quoted header is rewritten too, and both sums are right."""
    quoted = IP(src="10.0.0.2", dst="10.0.0.1", ttl=1) / UDP(sport=80, dport=1000)
    data = bytes(IP(src="10.0.0.9", dst="10.0.0.2") / ICMP(type=11) / Raw(bytes(quoted)))
    packet = read(data)
    assert packet.inner is not None
    changed = replace(packet, dst=ip_address("192.0.2.1"), inner=replace(packet.inner, src=ip_address("192.0.2.1")))
    again = IP(written(changed))
    inner = IP(src="192.0.2.1", dst="10.0.0.1", ttl=1) / UDP(sport=80, dport=1000, chksum=0)
    inner_bytes = written(changed)[28:]
    assert inner_bytes[:20] == bytes(inner)[:20]
    wanted = IP(src="10.0.0.9", dst="192.0.2.1", id=again.id) / ICMP(type=11) / Raw(inner_bytes)
    assert bytes(wanted) == written(changed)


def test_options_that_grew() -> None:
    """TCPMSS adds an option to a SYN that has none: the header grows, the sum follows."""
    packet = read(bytes(IP(src="10.0.0.1", dst="10.0.0.2", id=7) / TCP(sport=1000, dport=80)))
    grown = replace(packet, tcp_options=bytes([2, 4, 5, 0xB4]), length=packet.length + 4)
    wanted = IP(src="10.0.0.1", dst="10.0.0.2", id=7) / TCP(sport=1000, dport=80, options=[("MSS", 1460)])
    assert written(grown) == bytes(wanted)


def test_a_packet_of_the_kernels_own_is_made() -> None:
    """REJECT's RST was never captured: its bytes come from its fields."""
    packet = Packet(ip_address("10.0.0.2"), ip_address("10.0.0.1"), 6, 64, 0, length=40, sport=80, dport=1000, tcp_flags=0x14, seq=0, ack=5,
                    window=0, dont_fragment=True)
    again = read(written(packet))
    assert (again.src, again.sport, again.tcp_flags, again.ack, again.length) == (packet.src, 80, 0x14, 5, 40)
