"""`-m hashlimit`: a token bucket for each address or port (hashlimit_mt_common in xt_hashlimit.c).

    -A INPUT -m hashlimit --hashlimit-above 10/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name web -j DROP

A sender's bucket is full when he is first seen, and is forgotten `--hashlimit-htable-expire` ms after his last packet. Rules of one
`--hashlimit-name` share their buckets. Byte rates and --hashlimit-rate-match are not modelled.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address

from snapshot.host.firewall import Clause, Option
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, Truth, decide, unknown
from visualize.netfilter.bucket import Bucket, never_matched, new_bucket
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import cut_header, needed_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.match.limit import rate_of
from visualize.netfilter.options import All, integer, not_known, unanswerable, word, words
from visualize.packet.packet import Packet, Protocol

OPTIONS = ("--hashlimit --hashlimit-upto --hashlimit-above --hashlimit-burst --hashlimit-mode --hashlimit-name "
           "--hashlimit-srcmask --hashlimit-dstmask --hashlimit-htable-size --hashlimit-htable-max "
           "--hashlimit-htable-expire --hashlimit-htable-gcinterval --hashlimit-rate-match --hashlimit-rate-interval")
MODES = ("srcip", "dstip", "srcport", "dstport")
PORTS = (Protocol.TCP, Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP, Protocol.DCCP)
SCALE = 1_000_000  # XT_HASHLIMIT_SCALE_v2
Key = tuple[object, ...]


@dataclass(slots=True)
class Hashlimit:
    """The bound match. Times in ms as iptables writes them; masks are prefix lengths."""

    name: str = ""
    above: bool = False
    rate: str = ""
    packets: int = 1
    unit: int = 1
    burst: int = 5
    modes: tuple[str, ...] = ()
    source_mask: int = 128
    destination_mask: int = 128
    expire: int = 0
    collect: int = 1000
    alone: bool | None = None  # every rule of this name says the same; None: not looked yet

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES within the limit, or above it with --hashlimit-above."""
        key = self._key(packet)
        if isinstance(key, Answer):
            return key
        if not self._alone(here):
            return unknown(f"-m hashlimit: rules of the name {self.name} differ, and the one loaded first holds for all", True,
                           weak=False).negate(self.above)
        known = here.fresh or (not self.above and never_matched(here, "hashlimit"))
        if here.time_ns is None:
            if known:
                return decide(True, f"within {self.rate}", self.above)
            return unknown(f"-m hashlimit: assumed to be under {self.rate}; when the packet came is not known", True, weak=False).negate(self.above)
        truth = self._bucket(key, known, here, here.time_ns).take(here.time_ns)
        if truth is Truth.UNKNOWN:
            why = "too near to the limit to tell by a capture's clock" if known else "the buckets' fill is not in a snapshot"
            return unknown(f"-m hashlimit: assumed to be under {self.rate}; {why}", True, weak=False).negate(self.above)
        return decide(truth is Truth.YES, f"{'within' if self.above else 'more than'} {self.rate}, burst {self.burst}", self.above)

    def _alone(self, here: Here) -> bool:
        """Rules that share a name share the settings of the one that was loaded first (htable_find_get)."""
        if self.alone is None:
            mine = self._settings()
            others = here.rules.holding(f"--hashlimit-name {self.name}") if here.rules is not None else []
            found = [_bound(clause) for rule in others for clause in rule.matches if clause.name == "hashlimit"]
            self.alone = all(one._settings() == mine for one in found if one.name == self.name)
        return self.alone

    def _settings(self) -> tuple[object, ...]:
        return (self.packets, self.unit, self.burst, frozenset(self.modes), self.source_mask, self.destination_mask, self.expire, self.collect)

    def _bucket(self, key: Key, known: bool, here: Here, now: int) -> Bucket:
        held = here.memory.setdefault(f"hashlimit {here.family} {self.name}", {})
        assert isinstance(held, dict)
        bucket = held.get(key)
        cost = SCALE * self.unit // self.packets / SCALE
        idle = (now - bucket.seen) // 1_000_000 if bucket is not None else 0
        expire = self.expire or self.unit * 1000
        if bucket is None or idle >= expire + self.collect:
            bucket = held[key] = new_bucket(cost, self.burst, known or bucket is not None, here, now)
        elif idle >= expire:
            bucket.may_be_full()
        assert isinstance(bucket, Bucket)
        return bucket

    def _key(self, packet: Packet) -> Key | Answer:
        """hashlimit_init_dst: what the bucket is for."""
        parts: list[object] = []
        for mode, one, bits in (("srcip", packet.src, self.source_mask), ("dstip", packet.dst, self.destination_mask)):
            parts.append(_masked(one, bits) if mode in self.modes else None)
        if "srcport" in self.modes or "dstport" in self.modes:
            ports = _ports(packet)
            if isinstance(ports, Answer):
                return ports
            parts += [port if mode in self.modes else None for mode, port in zip(("srcport", "dstport"), ports, strict=True)]
        return tuple(parts)


def _masked(one: IPAddress, bits: int) -> int:
    size = 32 if isinstance(one, IPv4Address) else 128
    drop = size - min(bits, size)
    return int(one) >> drop << drop


def _ports(packet: Packet) -> tuple[int, int] | Answer:
    """Both ports (proto_ports_offset): an SPI's halves for ESP and AH, 0 where there are none; a packet that is too short is dropped."""
    if packet.protocol in PORTS and not packet.fragment_offset:
        if packet.sport is None or packet.dport is None:
            return cut_header(packet, False, needed=4)
        return packet.sport, packet.dport
    if packet.protocol not in (*PORTS, Protocol.ESP, Protocol.AH):
        return 0, 0
    found = needed_bytes(packet, 4 if packet.protocol == Protocol.AH else 0, 4)
    return found if isinstance(found, Answer) else (int.from_bytes(found[:2], "big"), int.from_bytes(found[2:], "big"))


def _read(bound: Hashlimit, option: Option) -> None:
    match option.name:
        case "--hashlimit" | "--hashlimit-upto" | "--hashlimit-above":
            bound.rate = word(option)
            bound.packets, bound.unit = rate_of(bound.rate)
            bound.above = (option.name == "--hashlimit-above") != option.negated
        case "--hashlimit-burst":
            bound.burst = integer(word(option))
        case "--hashlimit-mode":
            bound.modes = tuple(words(option))
            if not set(bound.modes) <= set(MODES):
                raise BindError(f"--hashlimit-mode {word(option)} is not known")
        case "--hashlimit-name":
            bound.name = word(option)
        case "--hashlimit-srcmask":
            bound.source_mask = integer(word(option), 128)
        case "--hashlimit-dstmask":
            bound.destination_mask = integer(word(option), 128)
        case "--hashlimit-htable-expire":
            bound.expire = integer(word(option))
        case "--hashlimit-htable-gcinterval":
            bound.collect = integer(word(option))
        case "--hashlimit-htable-size" | "--hashlimit-htable-max":
            pass
        case _:
            raise not_known(option)


def _bound(clause: Clause) -> Hashlimit:
    bound = Hashlimit()
    for option in clause.options:
        _read(bound, option)
    return bound


def bind(clause: Clause, family: str) -> Hashlimit | All:
    """Bind `-m hashlimit`; byte rates and rate matches answer UNKNOWN, and not above the limit."""
    rate = clause.option("--hashlimit", "--hashlimit-upto", "--hashlimit-above")
    bytewise = rate is not None and word(rate).partition("/")[0][-1:] == "b"
    if bytewise or clause.option("--hashlimit-rate-match") is not None:
        above = clause.option("--hashlimit-above") is not None
        return unanswerable(clause, OPTIONS, "assumed to be under the limit; rates of bytes are not modelled", not above, weak=False)
    bound = _bound(clause)
    if not bound.rate:
        raise BindError("--hashlimit-upto or --hashlimit-above is missing")
    return bound
