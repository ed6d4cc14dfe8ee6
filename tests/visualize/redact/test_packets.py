"""Frames: every address mapped, payload gone, lengths kept, checksums as right, wrong or unfinished as they were."""

import struct
from ipaddress import ip_address

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP, IPerror, IPOption_RR, UDPerror
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
)
from scapy.layers.l2 import ARP, CookedLinux, Dot1Q, Ether
from scapy.layers.sctp import SCTP, SCTPChunkData, SCTPChunkInit
from scapy.packet import Packet, Raw

from visualize.packet.checksum import ones_sum
from visualize.redact.packets import Packets
from visualize.redact.tree import AddressMap

SECRET = b"GET / HTTP/1.1\r\nHost: secret.example.com\r\n\r\n" + b"secret" * 9
A, B, A6, B6 = "203.0.113.7", "172.17.0.2", "2001:db8:1::7", "fd00:1::2"
MAC = "52:54:00:aa:bb:cc"
# an IGMPv3 report (RFC 3376): one record that includes source A in group 232.1.2.3
REPORT = bytes.fromhex("2200b6f000000001" "01000001e8010203cb007107")
QUOTED = IPerror(src=B, dst=A) / UDPerror(sport=53, dport=4000)
FRAMES: dict[str, Packet] = {
    "tcp": IP(src=A, dst=B) / TCP(sport=1, dport=2, flags="PA", options=[("MSS", 1460)]) / Raw(SECRET),
    "udp": IP(src=A, dst=B) / UDP(sport=1, dport=2) / Raw(SECRET), "udp-odd": IP(src=A, dst=B) / UDP() / Raw(b"odd"),
    "dns": IP(src=A, dst=B) / UDP(sport=4000, dport=53) / DNS(qd=DNSQR(qname="secret.example.com")),
    "echo": IP(src=A, dst=B) / ICMP(id=7, seq=3) / Raw(SECRET),
    "unreachable": IP(src=A, dst=B) / ICMP(type=3, code=3) / QUOTED / Raw(SECRET[:20]),
    "redirect": IP(src=A, dst=B) / ICMP(type=5, code=1, gw="203.0.113.9") / QUOTED,
    "vlan": Dot1Q(vlan=5) / IP(src=A, dst=B) / UDP() / Raw(SECRET),
    "options": IP(src=A, dst=B, options=[IPOption_RR(routers=[A, "203.0.113.9"], length=11, pointer=12)]) / UDP() / Raw(SECRET),
    "gre": IP(src=A, dst=B) / GRE() / IP(src="10.1.1.1", dst="10.1.1.2") / TCP() / Raw(SECRET),
    "ipip": IP(src=A, dst=B) / IP(src="10.1.1.1", dst="10.1.1.2") / UDP() / Raw(SECRET),
    "sctp": IP(src=A, dst=B) / SCTP(sport=1, dport=2) / SCTPChunkData(data=SECRET), "sctp-init": IP(src=A, dst=B) / SCTP() / SCTPChunkInit(init_tag=99),
    "igmp": IP(src=A, dst="224.0.0.22", proto=2) / Raw(REPORT),
    "tcp6": IPv6(src=A6, dst=B6) / TCP(flags="PA") / Raw(SECRET), "udp6": IPv6(src=A6, dst=B6) / UDP() / Raw(SECRET),
    "echo6": IPv6(src=A6, dst=B6) / ICMPv6EchoRequest(data=SECRET),
    "unreachable6": IPv6(src=A6, dst=B6) / ICMPv6DestUnreach() / IPv6(src=B6, dst=A6) / UDP(sport=1) / Raw(SECRET),
    "solicitation": IPv6(src=A6, dst="ff02::1:ff00:2") / ICMPv6ND_NS(tgt=B6) / ICMPv6NDOptSrcLLAddr(lladdr=MAC),
    "routing": IPv6(src=A6, dst=B6) / IPv6ExtHdrRouting(addresses=["2001:db8:9::9"], segleft=0) / UDP() / Raw(SECRET),
}
ORIGINALS = [ip_address(text).packed for text in (A, B, A6, B6, "203.0.113.9", "10.1.1.1", "10.1.1.2", "2001:db8:9::9")] + [bytes.fromhex(MAC.replace(":", ""))]


def rewritten(data: bytes, linktype: int = 1) -> bytes:
    """The frame as it is after redaction."""
    frame = bytearray(data)
    Packets(AddressMap(b"0123456789abcdef")).frame(frame, linktype)
    assert len(frame) == len(data)
    return bytes(frame)


def ethernet(packet: Packet) -> bytes:
    """In Ethernet, from our MAC address."""
    return bytes(Ether(src=MAC, dst="02:42:ac:11:00:02") / packet)


def checks(data: bytes) -> dict[str, bool]:
    """Which checksums of a frame scapy would have computed just so."""
    found = {}
    layer: Packet | None = Ether(data)
    number = 0
    while layer is not None and not isinstance(layer, Raw) and layer.name != "NoPayload":
        for field in ("chksum", "cksum"):
            if layer.fields.get(field) is not None and "in ICMP" not in layer.name and not isinstance(layer, SCTP | GRE):
                fresh = layer.copy()
                delattr(fresh, field)
                under = layer.underlayer
                whole = (under.copy() if under is not None else fresh)
                if under is not None:
                    whole.remove_payload()
                    whole = whole / fresh
                again = type(whole)(bytes(whole))
                computed = again.payload.fields.get(field) if under is not None else again.fields.get(field)
                found[f"{number} {layer.name}"] = computed == layer.fields[field]
        number += 1
        layer = layer.payload
    return found


@pytest.mark.parametrize("name", FRAMES)
def test_no_address_and_no_payload_is_left(name: str) -> None:
    """Wherever the addresses stand, and whatever the payload says."""
    data = rewritten(ethernet(FRAMES[name]))
    assert not [address for address in ORIGINALS if address in data]
    assert b"secret" not in data
    assert b"GET" not in data


@pytest.mark.parametrize("name", [n for n in FRAMES if n not in ("sctp", "sctp-init", "unreachable", "redirect", "igmp")])
def test_right_checksums_stay_right(name: str) -> None:
    """Those of IP, TCP, UDP, ICMP and ICMPv6, inner ones too."""
    before, after = ethernet(FRAMES[name]), rewritten(ethernet(FRAMES[name]))
    assert set(checks(before).values()) == {True}
    assert checks(after) == checks(before)


@pytest.mark.parametrize("name", ["unreachable", "redirect", "igmp", "echo"])
def test_sums_over_the_whole_message_stay_right(name: str) -> None:
    """ICMP and IGMP: the ones' complement sum over all of it, quoted headers included."""
    data = rewritten(ethernet(FRAMES[name]))
    header = (data[14] & 15) * 4
    assert ones_sum(data[14 + header:]) == 0xFFFF
    assert ones_sum(data[14:14 + header]) == 0xFFFF


@pytest.mark.parametrize("name", ["tcp", "udp", "tcp6", "udp6", "echo"])
def test_a_wrong_checksum_stays_wrong(name: str) -> None:
    """Broken on the wire, broken after."""
    data = bytearray(ethernet(FRAMES[name]))
    at = {"tcp": 14 + 20 + 16, "udp": 14 + 20 + 6, "tcp6": 14 + 40 + 16, "udp6": 14 + 40 + 6, "echo": 14 + 20 + 2}[name]
    data[at] ^= 0x5A
    assert False in checks(rewritten(bytes(data))).values()


@pytest.mark.parametrize("name", ["tcp", "udp", "tcp6", "udp6"])
def test_an_unfinished_checksum_stays_unfinished(name: str) -> None:
    """What holds only the pseudo-header's sum, for hardware to complete, goes on doing so."""
    data = bytearray(ethernet(FRAMES[name]))
    six, protocol = name.endswith("6"), 6 if name.startswith("tcp") else 17
    start = 14 + (40 if six else 20)
    addresses = slice(22, 54) if six else slice(26, 34)
    at = start + (16 if protocol == 6 else 6)

    def partial(frame: bytes) -> int:
        return ones_sum(bytes(frame[addresses]) + struct.pack(">IHH", len(frame) - start, 0, protocol))

    struct.pack_into(">H", data, at, partial(data))
    after = rewritten(bytes(data))
    assert struct.unpack_from(">H", after, at)[0] == partial(after)


def test_no_udp_checksum_stays_none() -> None:
    """Zero means that the sender computed none."""
    data = bytearray(ethernet(FRAMES["udp"]))
    data[14 + 26:14 + 28] = b"\0\0"
    assert rewritten(bytes(data))[14 + 26:14 + 28] == b"\0\0"


def test_an_sctp_checksum_stays_right() -> None:
    """CRC32c, over what is left of the chunks."""
    data = rewritten(ethernet(FRAMES["sctp"]))
    segment = data[34:]
    fresh = SCTP(segment)
    fresh.chksum = None
    assert bytes(fresh)[8:12] == segment[8:12]


def test_fragments_have_a_right_sum_when_put_together() -> None:
    """A later fragment keeps the sum of its payload, which the checksum in the first one covers."""
    whole = IP(src=A, dst=B, id=9) / UDP(sport=1, dport=2) / Raw(SECRET * 20)
    built = IP(bytes(whole))
    payload = bytes(built.payload)
    parts = [bytes(Ether() / IP(src=A, dst=B, id=9, proto=17, flags="MF" if start + 400 < len(payload) else 0, frag=start // 8)
                   / Raw(payload[start:start + 400])) for start in range(0, len(payload), 400)]
    after = [rewritten(part) for part in parts]
    assert b"secret" not in b"".join(after)
    joined = b"".join(part[34:] for part in after)
    pseudo = after[0][26:34] + struct.pack(">IHH", len(joined), 0, 17)
    assert ones_sum(pseudo + joined) == 0xFFFF


def test_equal_payloads_stay_equal_and_others_differ() -> None:
    """A datagram without an IP id is known again by its payload: by a digest now."""
    def payload(data: bytes) -> bytes:
        return rewritten(ethernet(IP(src=A, dst=B, id=0) / UDP(sport=1, dport=2) / Raw(data)))[42:]

    assert payload(SECRET) == payload(SECRET) != payload(SECRET[1:] + b"x")


def test_cooked_frames_and_arp() -> None:
    """SLL, SLL2 and ARP hold MAC addresses of their own."""
    arp = bytes(ARP(op=2, hwsrc=MAC, psrc=A, hwdst="02:42:ac:11:00:02", pdst=B))
    sll = bytes(CookedLinux(src=bytes.fromhex(MAC.replace(":", "")) + b"\xde\xad", lladdrlen=6, proto=0x0806)) + arp
    sll2 = struct.pack(">HHIHBB", 0x0806, 0, 3, 1, 0, 6) + bytes.fromhex(MAC.replace(":", "")) + b"\xde\xad" + arp
    for data, linktype in ((bytes(Ether(src=MAC)) [:12] + b"\x08\x06" + arp, 1), (sll, 113), (sll2, 276)):
        after = rewritten(data, linktype)
        assert not [address for address in ORIGINALS if address in after]
        assert b"\xde\xad" not in after


@pytest.mark.parametrize("ethertype", [0x88CC, 0x0027, 0x8864, 0x88E5])
def test_what_is_not_ip_is_blanked(ethertype: int) -> None:
    """LLDP names the switch, spanning tree its MAC address."""
    assert b"secret" not in rewritten(bytes.fromhex("525400aabbcc525400aabbcd") + struct.pack(">H", ethertype) + SECRET)


@pytest.mark.parametrize("name", FRAMES)
def test_frames_cut_anywhere_are_taken(name: str) -> None:
    """A snap length cuts where it likes: no error, the same length, and no address of what is whole."""
    data = ethernet(FRAMES[name])
    for end in range(len(data)):
        rewritten(data[:end])


def test_a_fragmented_ipv6_payload() -> None:
    """Behind a fragment header."""
    data = ethernet(IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(m=1, id=5, nh=17) / UDP(sport=1, dport=2) / Raw(SECRET))
    assert b"secret" not in rewritten(data)
