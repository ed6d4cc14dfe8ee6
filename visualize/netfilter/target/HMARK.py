"""`-j HMARK`: makes a mark by hashing addresses and ports (hmark_tg_v4, hmark_tg_v6 in xt_HMARK.c).

    -A PREROUTING -j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-offset 100 --hmark-rnd 0xfeedcafe

Modelled for IPv4 without --hmark-tuple ct; else the mark is in doubt. Fragments and ICMP errors are left alone, as the kernel does.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.jhash import jhash2, scaled
from visualize.netfilter.options import FULL_MARK, integer, not_known, word, words
from visualize.netfilter.outcome import CONTINUE, Outcome
from visualize.netfilter.watch import watch
from visualize.packet.packet import Packet, Protocol, but

FIELDS = ("src", "dst", "sport", "dport", "spi", "proto", "ct")
PORTS = (Protocol.TCP, Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP, Protocol.DCCP)


@dataclass(slots=True)
class Hmark:
    """The bound target. What is not in the tuple has mask 0; without a tuple the masks alone say what counts."""

    modulus: int = 0
    offset: int = 0
    seed: int = 0
    source: int = 0
    destination: int = 0
    sport: int = 0
    dport: int = 0
    protocol: int = 0
    spi: bool = False
    tracked: bool = False

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the new mark."""
        packet_seen = watch(packet, here.read)
        if self.tracked or self.spi or packet_seen.is_icmp_error or not isinstance(packet_seen.src, IPv4Address):
            return Outcome(doubt=unknown("HMARK: hashing by connection, SPI, IPv6 or a quoted packet is not modelled; the mark is left as it was"))
        if packet_seen.is_fragment and (self.sport or self.dport):
            return Outcome(doubt=unknown("HMARK: ports of a fragment; the mark is left as it was"))
        return Outcome(packet=but(packet, mark=self._mark(packet_seen) & FULL_MARK), kind="MARK") if self.modulus else CONTINUE

    def _mark(self, packet: Packet) -> int:
        """hmark_hash: the smaller address first, so that both directions have one mark; so for the ports."""
        one, two = sorted((int(packet.src) & self.source, int(packet.dst) & self.destination))
        ports = 0
        if packet.protocol in PORTS and packet.sport is not None and packet.dport is not None:
            first, second = sorted((packet.sport & self.sport, packet.dport & self.dport))
            ports = int.from_bytes(first.to_bytes(2, "big") + second.to_bytes(2, "big"), "little")
        value = jhash2((one, two, ports), self.seed) ^ (packet.protocol & self.protocol)
        return scaled(value, self.modulus) + self.offset


def _prefix(bits: int) -> int:
    return FULL_MARK >> 32 - bits << 32 - bits if bits else 0


def _read(bound: Hmark, option: Option) -> None:
    match option.name:
        case "--hmark-tuple":
            names = words(option)
            if not set(names) <= set(FIELDS):
                raise BindError(f"--hmark-tuple {word(option)} is not known")
            bound.source, bound.destination = FULL_MARK * ("src" in names), FULL_MARK * ("dst" in names)
            bound.sport, bound.dport = 0xFFFF * ("sport" in names), 0xFFFF * ("dport" in names)
            bound.protocol, bound.spi, bound.tracked = 0xFF * ("proto" in names), "spi" in names, "ct" in names
        case "--hmark-mod":
            bound.modulus = integer(word(option))
        case "--hmark-offset":
            bound.offset = integer(word(option))
        case "--hmark-rnd":
            bound.seed = integer(word(option))
        case "--hmark-src-prefix":
            bound.source = _prefix(integer(word(option), 32))
        case "--hmark-dst-prefix":
            bound.destination = _prefix(integer(word(option), 32))
        case "--hmark-sport-mask":
            bound.sport = integer(word(option), 0xFFFF)
        case "--hmark-dport-mask":
            bound.dport = integer(word(option), 0xFFFF)
        case "--hmark-proto-mask":
            bound.protocol = integer(word(option), 0xFF)
        case "--hmark-spi-mask" | "--hmark-spi":
            bound.spi = True
        case _:
            raise not_known(option)


def bind(clause: Clause, family: str) -> Hmark:
    """Bind `-j HMARK`; a prefix of an IPv6 rule (up to 128) makes the answer a doubt anyway."""
    bound = Hmark()
    for option in clause.options:
        if family == "ip6" and option.name.endswith("-prefix"):
            continue
        _read(bound, option)
    return bound
