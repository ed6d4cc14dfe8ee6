"""Frames to packets, from bytes built here; each header by the RFC that defines it."""

import random
from dataclasses import fields
from ipaddress import ip_address
from itertools import pairwise
from struct import pack
from typing import Any

import pytest

from visualize.packet.checksum import broken
from visualize.packet.decode import decode, why_not
from visualize.packet.fragments import Defragmenter
from visualize.packet.packet import Packet
from visualize.packet.pcap import Frame

A, B, A6, B6 = (ip_address(text) for text in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"))
MAC_A, MAC_B = bytes.fromhex("0242ac110002"), bytes.fromhex("0242ac110003")
TCP = pack(">HHIIBBHHH", 40000, 80, 1, 2, 0x60, 0xD2, 64240, 0, 0) + b"\2\4\5\xb4"
UDP = pack(">HHHH", 53, 5353, 12, 0) + b"data"


def ipv4(payload: bytes, protocol: int = 6, *, length: int | None = None, fragment: int = 0x4000, options: bytes = b"",
         first: int | None = None) -> bytes:
    """An IPv4 packet from A to B."""
    header = 20 + len(options)
    return pack(">BBHHHBBH4s4s", first or 0x40 | header // 4, 0x10, header + len(payload) if length is None else length, 4242, fragment, 63,
                protocol, 0, A.packed, B.packed) + options + payload


def ipv6(payload: bytes, following: int = 6, *, length: int | None = None) -> bytes:
    """An IPv6 packet from A6 to B6."""
    return pack(">IHBB16s16s", 0x6AB12345, len(payload) if length is None else length, following, 63, A6.packed, B6.packed) + payload


def ethernet(payload: bytes, protocol: int = 0x0800, tags: bytes = b"") -> bytes:
    """A frame from MAC_A to MAC_B."""
    return MAC_B + MAC_A + tags + pack(">H", protocol) + payload


def frame(data: bytes, linktype: int = 101, original: int | None = None, direction: str | None = None) -> Frame:
    """A captured frame."""
    return Frame(1, 0, linktype, memoryview(data), len(data) if original is None else original, None, direction)


def packet(data: bytes, original: int | None = None) -> Packet:
    """The packet in a raw IP frame."""
    decoded = decode(frame(data, 101, original))
    assert decoded is not None
    return decoded.packet


def told(found: Packet, **wanted: Any) -> None:
    """Each field named is as wanted."""
    assert {name: getattr(found, name) for name in wanted} == wanted


# -- link layers ------------------------------------------------------------------------------------------------------------

IP4 = ipv4(TCP)
SLL = pack(">HHH8sH", 4, 1, 6, MAC_A, 0x0800)
SLL2 = pack(">HHIHBB8s", 0x0800, 0, 7, 1, 0, 6, MAC_A)
MACS = ("02:42:ac:11:00:02", "02:42:ac:11:00:03")


@pytest.mark.parametrize(("linktype", "data", "macs", "rest"), [
    (1, ethernet(IP4), MACS, (None, None, None, ())),
    (1, ethernet(IP4, tags=bytes.fromhex("8100 6064")), MACS, (None, None, None, (100,))),
    (1, ethernet(IP4, tags=bytes.fromhex("88a8 0005 8100 0fff")), MACS, (None, None, None, (5, 4095))),
    (1, ethernet(ipv6(TCP), 0x86DD), MACS, (None, None, None, ())),
    (113, SLL + IP4, (MACS[0], None), (None, "out", 4, ())),
    (113, SLL[:-2] + bytes.fromhex("8100 0007 0800") + IP4, (MACS[0], None), (None, "out", 4, (7,))),
    (276, SLL2 + IP4, (MACS[0], None), (7, "in", 0, ())),
    (276, SLL2[:10] + b"\4\0" + bytes(8) + IP4, (None, None), (7, "out", 4, ())),
    (101, IP4, (None, None), (None, None, None, ())),
    (12, ipv6(TCP), (None, None), (None, None, None, ())),
    (14, IP4, (None, None), (None, None, None, ())),
    (228, IP4, (None, None), (None, None, None, ())),
    (229, ipv6(TCP), (None, None), (None, None, None, ())),
    (0, b"\2\0\0\0" + IP4, (None, None), (None, None, None, ())),
    (0, b"\0\0\0\x1e" + ipv6(TCP), (None, None), (None, None, None, ())),
    (108, b"\0\0\0\2" + IP4, (None, None), (None, None, None, ())),
])
def test_link_layers(linktype: int, data: bytes, macs: tuple[str | None, str | None], rest: tuple[object, ...]) -> None:
    """The same TCP packet under each link layer; MAC addresses, interface, direction, VLANs as far as it tells."""
    decoded = decode(frame(data, linktype))
    assert decoded is not None
    told(decoded.packet, sport=40000, dport=80, src_mac=macs[0], dst_mac=macs[1])
    assert decoded[1:] == rest


def test_the_direction_of_a_pcapng_is_passed_on() -> None:
    """epb_flags told it to the reader."""
    decoded = decode(frame(ethernet(IP4), 1, direction="out"))
    assert decoded is not None
    assert decoded.direction == "out"


@pytest.mark.parametrize(("linktype", "data", "why"), [
    (1, ethernet(bytes(28), 0x0806), "ARP"),
    (1, ethernet(bytes(28), 0x88CC), "LLDP"),
    (1, ethernet(bytes(28), 0x88E1), "EtherType 0x88e1"),
    (1, ethernet(bytes(38), 38), "not IP (no EtherType)"),
    (1, ethernet(b"")[:13], "cut off in the link-layer header"),
    (1, MAC_B + MAC_A + b"\x81\0\0", "cut off in a VLAN tag"),
    (1, ethernet(IP4[:19]), "cut off in the IPv4 header"),
    (1, ethernet(ipv6(b"")[:39], 0x86DD), "cut off in the IPv6 header"),
    (1, ethernet(ipv6(TCP)), "an IPv4 header that can't be (the kernel drops it)"),
    (1, ethernet(ipv4(TCP, first=0x44)), "an IPv4 header that can't be (the kernel drops it)"),
    (1, ethernet(ipv4(TCP, length=19)), "an IPv4 header that can't be (the kernel drops it)"),
    (276, pack(">HHIHBB8s", 0x0800, 0, 7, 824, 0, 0, b"") + IP4, "not IP (no EtherType)"),
    (101, b"", "cut off in the link-layer header"),
    (0, b"\7\0\0\0" + IP4, "not IP (no EtherType)"),
    (147, IP4, "link type 147"),
])
def test_what_is_no_packet_has_a_reason(linktype: int, data: bytes, why: str) -> None:
    """`decode` gives None, `why_not` a few words to count."""
    assert decode(frame(data, linktype)) is None
    assert why_not(frame(data, linktype)) == why


# -- IP and transport -------------------------------------------------------------------------------------------------------


def test_ipv4_tcp() -> None:
    """Every field of a plain packet, the flags with ECE and CWR."""
    assert packet(ipv4(TCP + b"hello", fragment=0x4000)) == Packet(
        A, B, 6, ttl=63, tos=16, identification=4242, length=49, sport=40000, dport=80, tcp_flags=0xD2, seq=1, ack=2, window=64240,
        tcp_options=b"\2\4\5\xb4", dont_fragment=True, header_length=20, transport_length=5)
    assert packet(ipv4(TCP)).raw == ipv4(TCP)


def test_a_packet_is_frozen_and_whole() -> None:
    """The decoder's short cut makes a real Packet, with every field set."""
    found = packet(ipv4(TCP))
    assert type(found) is Packet
    assert all(hasattr(found, f.name) for f in fields(Packet))
    with pytest.raises(AttributeError):
        found.ttl = 1  # type: ignore[misc]
    assert hash(found) == hash(packet(ipv4(TCP)))


def test_ethernet_padding_is_no_payload() -> None:
    """The IP header's length counts, not the frame's."""
    found = decode(frame(ethernet(ipv4(TCP)) + bytes(6), 1))
    assert found is not None
    told(found.packet, transport_length=0, raw=ipv4(TCP), length=44)


def test_a_cut_capture_keeps_the_lengths() -> None:
    """Captured with a small snap length: the header still tells."""
    told(packet(ipv4(TCP + bytes(1000))[:44], 1044), length=1044, transport_length=1000, raw=ipv4(TCP + bytes(1000))[:44])


def test_a_length_of_0_is_that_on_the_wire() -> None:
    """A GSO packet longer than 65535 bytes has 0 there (BIG TCP), as one that TSO has yet to fill in."""
    told(packet(ipv4(TCP + bytes(70_000), length=0)), length=70_044, transport_length=70_000)
    told(packet(ipv6(TCP + bytes(70_000), length=0)), length=70_064, transport_length=70_000)
    told(packet(ipv6(b"padding", 59, length=0)), length=40)


def test_a_jumbogram_tells_its_length_in_an_option() -> None:
    """RFC 2675."""
    hop = pack(">BBBBI", 6, 0, 0xC2, 4, 100_000)
    told(packet(ipv6(hop + TCP, 0, length=0)), length=100_040, sport=40000, extension_headers=(0,), header_length=48)


def test_ipv4_options() -> None:
    """The transport header stands behind them."""
    told(packet(ipv4(TCP, options=b"\x94\4\0\0")), header_length=24, sport=40000, length=48, transport_length=0)


@pytest.mark.parametrize(("data", "protocol", "extensions", "header", "sport"), [
    (ipv6(TCP), 6, (), 40, 40000),
    (ipv6(b"\6\0" + bytes(6) + TCP, 0), 6, (0,), 48, 40000),
    (ipv6(b"\x2b\0" + bytes(6) + b"\x3c\1" + bytes(14) + b"\6\0" + bytes(6) + TCP, 0), 6, (0, 43, 60), 72, 40000),
    (ipv6(b"\x11\4" + bytes(22) + UDP, 51), 17, (51,), 64, 53),
    (ipv6(b"\6\0\0\0" + bytes(4) + TCP, 44), 6, (44,), 48, 40000),
    (ipv6(bytes(20), 50), 50, (), 40, None),
    (ipv6(b"", 59), 59, (), 40, None),
    (ipv6(b"\x3a\x09" + bytes(6), 60), 58, (60,), 120, None),
    (ipv6(b"\6\0\0", 0), 6, (0,), 48, None),
    (ipv6(b"\6", 0), 0, (), 40, None),
])
def test_ipv6_extension_headers(data: bytes, protocol: int, extensions: tuple[int, ...], header: int, sport: int | None) -> None:
    """The numbers passed on the way, where they end, and what stands behind (ipv6_find_hdr)."""
    told(packet(data), protocol=protocol, extension_headers=extensions, header_length=header, sport=sport, flow_label=0x12345, tos=0xAB, ttl=63)


@pytest.mark.parametrize(("protocol", "payload", "wanted"), [
    (17, UDP, {"sport": 53, "dport": 5353, "transport_length": 4}),
    (136, UDP, {"sport": 53, "dport": 5353, "transport_length": 4}),
    (132, UDP, {"sport": 53, "dport": 5353, "transport_length": 0}),
    (33, pack(">HHBBHI", 1, 2, 3, 0, 0, 0) + b"dccp", {"sport": 1, "dport": 2, "transport_length": 4}),
    (47, bytes(9), {"sport": None, "dport": None, "transport_length": 9}),
    (1, b"\x08\0\0\0\0\7\0\x09data", {"icmp_type": 8, "icmp_code": 0, "icmp_id": 7, "icmp_seq": 9, "transport_length": 4}),
    (1, b"\x0d\0\0\0\0\7\0\x09" + bytes(12), {"icmp_type": 13, "icmp_id": 7, "icmp_seq": 9, "transport_length": 12}),
    (1, b"\x05\1\0\0\x0a\0\0\xfe", {"icmp_type": 5, "icmp_id": None, "icmp_rest": 0x0A0000FE, "inner": None}),
    (58, b"\x80\0\0\0\0\7\0\x09", {"icmp_type": 128, "icmp_id": 7, "icmp_seq": 9}),
    (58, b"\x87\0\0\0" + bytes(20), {"icmp_type": 135, "icmp_id": None, "inner": None}),
])
def test_other_transports(protocol: int, payload: bytes, wanted: dict[str, Any]) -> None:
    """Ports, ids, lengths of what is not TCP."""
    told(packet(ipv4(payload, protocol) if protocol != 58 else ipv6(payload, protocol)), **wanted)


@pytest.mark.parametrize(("captured", "wanted"), [
    (20, {"sport": None, "dport": None, "seq": None, "tcp_flags": None, "transport_length": None}),
    (23, {"sport": None, "seq": None}),
    (24, {"sport": 40000, "dport": 80, "seq": None, "tcp_flags": None}),
    (28, {"sport": 40000, "seq": 1, "ack": None, "tcp_flags": None}),
    (40, {"sport": 40000, "seq": 1, "ack": 2, "tcp_flags": 0xD2, "tcp_options": b"", "transport_length": 0}),
    (42, {"tcp_flags": 0xD2, "tcp_options": b"\2\4"}),
])
def test_a_cut_tcp_header(captured: int, wanted: dict[str, Any]) -> None:
    """What was not captured is None."""
    told(packet(ipv4(TCP)[:captured], 44), **wanted)


@pytest.mark.parametrize(("outer", "ports"), [
    (ipv4(b"\3\1\0\0" + bytes(4) + ipv4(TCP, length=1500)[:28], 1), (40000, 80)),
    (ipv4(b"\x0b\0\0\0" + bytes(4) + ipv4(UDP, 17), 1), (53, 5353)),
    (ipv4(b"\3\4\0\0\0\0\5\xdc" + ipv4(TCP)[:20], 1), (None, None)),
    (ipv6(b"\1\0\0\0" + bytes(4) + ipv6(UDP, 17), 58), (53, 5353)),
    (ipv6(b"\2\0\0\0" + bytes(4) + ipv6(TCP, length=1400)[:44], 58), (40000, 80)),
])
def test_the_packet_quoted_by_an_error(outer: bytes, ports: tuple[int | None, int | None]) -> None:
    """Eight bytes of its transport are enough for ports."""
    inner = packet(outer).inner
    assert inner is not None
    assert (inner.sport, inner.dport) == ports
    assert inner.identification in (4242, 0)


def test_a_quote_cut_short_is_none() -> None:
    """Less than a header is no packet."""
    told(packet(ipv4(b"\3\1\0\0" + bytes(4) + ipv4(TCP)[:19], 1)), icmp_type=3, inner=None)


def test_a_quote_in_a_quote_is_not_followed() -> None:
    """An error never quotes an error; a chain of them does not exhaust the stack."""
    data = ipv4(TCP)
    for _ in range(1500):
        data = ipv4(b"\3\1\0\0" + bytes(4) + data, 1)
    inner = packet(data).inner
    assert inner is not None
    assert inner.icmp_type == 3
    assert inner.inner is None


# -- fragments --------------------------------------------------------------------------------------------------------------


def fragments4(payload: bytes, *cuts: int, protocol: int = 17) -> list[Packet]:
    """The payload in pieces, cut at these bytes."""
    edges = [0, *cuts, len(payload)]
    return [packet(ipv4(payload[a:b], protocol, fragment=a // 8 | (0x2000 if b < len(payload) else 0)))
            for a, b in pairwise(edges)]


def fragments6(payload: bytes, *cuts: int, protocol: int = 17, before: bytes = b"") -> list[Packet]:
    """The same for IPv6, behind other extension headers (a hop-by-hop header, if any)."""
    edges = [0, *cuts, len(payload)]
    return [packet(ipv6(before + pack(">BBHI", protocol, 0, a | (b < len(payload)), 99) + payload[a:b], 0 if before else 44))
            for a, b in pairwise(edges)]


BIG = pack(">HHHH", 53, 5353, 48, 0) + bytes(range(40))


def test_a_fragment_knows_its_place() -> None:
    """Ports stand in the first one only; the length of what is behind can't be known."""
    first, last = fragments4(BIG, 24)
    told(first, sport=53, more_fragments=True, fragment_offset=0, transport_length=None, length=44)
    told(last, sport=None, more_fragments=False, fragment_offset=24, transport_length=None, length=44)
    first, last = fragments6(BIG, 24)
    told(first, sport=53, more_fragments=True, fragment_offset=0, identification=99, transport_length=None, extension_headers=(44,))
    told(last, sport=None, more_fragments=False, fragment_offset=24, identification=99, protocol=17)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 0, 2, 1)])
def test_fragments_are_put_together_in_any_order(order: tuple[int, ...]) -> None:
    """The one that completes the packet yields the whole, as if it had never been cut; a copy of one does no harm."""
    for pieces, whole in ((fragments4(BIG, 16, 32), ipv4(BIG, 17, fragment=0)), (fragments6(BIG, 16, 32), ipv6(BIG, 17))):
        held = Defragmenter()
        *before, last = [held.feed(pieces[number]) for number in order]
        assert before == [None] * len(before)
        assert last is not None
        told(last, **{f.name: getattr(packet(whole), f.name) for f in fields(Packet) if f.name not in ("raw", "identification")})
        assert last.raw[:10] + last.raw[12:] == whole[:10] + whole[12:]
        assert last.identification == pieces[0].identification


def test_the_whole_has_the_unfragmentable_headers() -> None:
    """A hop-by-hop header before the fragment header stays; the fragment header goes."""
    hop = b"\x2c\0" + bytes(6)
    held = Defragmenter()
    first, last = fragments6(BIG, 24, before=hop)
    assert held.feed(first) is None
    found = held.feed(last)
    assert found is not None
    assert found.raw == ipv6(b"\x11\0" + bytes(6) + BIG, 0)
    told(found, extension_headers=(0,), header_length=48, sport=53, length=40 + 8 + len(BIG), protocol=17)


def test_the_header_checksum_of_the_whole_is_right() -> None:
    """Matches that read bytes see what the kernel has after ip_send_check()."""
    held = Defragmenter()
    whole = [held.feed(piece) for piece in fragments4(BIG, 24)][-1]
    assert whole is not None
    total = sum(int.from_bytes(whole.raw[n:n + 2], "big") for n in range(0, 20, 2))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


def test_overlapping_fragments_lose_the_packet() -> None:
    """inet_frag_queue_insert(): the queue is dropped, what comes later starts anew."""
    held = Defragmenter()
    first, last = fragments4(BIG, 24)
    overlapping = packet(ipv4(BIG[16:], 17, fragment=2))
    assert [held.feed(piece) for piece in (first, overlapping, last)] == [None, None, None]
    assert held.feed(first) is not None


def test_packets_of_different_senders_are_kept_apart() -> None:
    """Even with the same id."""
    other = [packet(piece.raw[:12] + ip_address("10.9.9.9").packed + ip_address("10.8.8.8").packed + piece.raw[20:])
             for piece in fragments4(BIG[::-1], 24)]
    held = Defragmenter()
    mine = fragments4(BIG, 24)
    found = [held.feed(piece) for piece in (mine[0], other[0], mine[1], other[1])]
    assert found[:2] == [None, None]
    assert [whole and str(whole.src) for whole in found[2:]] == ["10.0.0.1", "10.9.9.9"]
    assert [whole and whole.raw[20:] for whole in found[2:]] == [BIG, BIG[::-1]]


def test_a_later_fragment_may_show_what_nat_made_of_it() -> None:
    """A packet socket shares its buffer with the stack, which may have rewritten the source of a later fragment before it was read."""
    first, last = fragments4(BIG, 24)
    rewritten = packet(last.raw[:12] + ip_address("198.51.100.1").packed + last.raw[16:])
    held = Defragmenter()
    held.feed(first)
    found = held.feed(rewritten)
    assert found is not None
    told(found, src=A, sport=53, length=68)


def test_a_whole_that_was_not_all_captured() -> None:
    """Lengths are true, `raw` ends where the capture has its first gap."""
    first, last = fragments4(BIG, 24)
    cut = packet(first.raw[:36], 44)
    held = Defragmenter()
    held.feed(last)
    found = held.feed(cut)
    assert found is not None
    told(found, length=68, transport_length=40, sport=53)
    assert found.raw[20:] == BIG[:16]
    assert not broken(found)


def test_an_oversized_whole_is_dropped() -> None:
    """ip_frag_reasm(): "Oversized IP packet"."""
    held = Defragmenter()
    assert held.feed(packet(ipv4(bytes(8), 17, fragment=0x2000))) is None
    assert held.feed(packet(ipv4(bytes(40), 17, fragment=0x1FFE))) is None
    assert held.feed(packet(ipv4(bytes(65520 - 8), 17, fragment=0x2001))) is None


def test_no_fragment_passes() -> None:
    """What is whole is returned as it is."""
    whole = packet(IP4)
    assert Defragmenter().feed(whole) is whole


def test_the_oldest_of_too_many_is_forgotten() -> None:
    """Memory has an end."""
    held = Defragmenter(limit=2)
    ids = [[packet(piece.raw[:4] + pack(">H", n) + piece.raw[6:]) for piece in fragments4(BIG, 24)] for n in range(3)]
    for first, _ in ids:
        held.feed(first)
    assert [held.feed(last) is not None for _, last in ids[1:]] == [True, True]
    assert held.feed(ids[0][1]) is None


# -- any bytes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_arbitrary_bytes_never_raise(seed: int) -> None:
    """Damaged and cut packets, and noise, under every link type: a packet or a reason; fragments of them too."""
    dice = random.Random(seed)
    held = Defragmenter()
    seeds = [IP4, ipv6(TCP), ipv4(b"\3\1\0\0" + bytes(4) + IP4, 1), ipv6(b"\1\0\0\0" + bytes(4) + ipv6(UDP, 17), 58),
             *(piece.raw for piece in fragments4(BIG, 24) + fragments6(BIG, 24, before=b"\x2c\0" + bytes(6)))]
    links = {1: ethernet(b""), 113: SLL, 276: SLL2, 0: b"\2\0\0\0", 108: b"\0\0\0\2", 101: b"", 228: b"", 229: b"", 12: b"", 14: b""}
    for _ in range(400):
        linktype = dice.choice(list(links))
        data = bytearray(links[linktype] + (dice.choice(seeds) if dice.random() < 0.9 else dice.randbytes(60)))
        for _ in range(dice.randrange(5)):
            data[dice.randrange(len(data))] = dice.choice((0, 255, 44, 51, dice.randrange(256)))
        one = frame(bytes(data[:dice.randrange(len(data) + 1)]), linktype, dice.choice((0, len(data), 70_000)))
        decoded = decode(one)
        if decoded is None:
            assert why_not(one)
            continue
        assert decoded.packet.length >= decoded.packet.header_length or decoded.packet.family == 6
        decoded.packet.describe()
        held.feed(decoded.packet)
