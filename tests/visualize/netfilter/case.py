"""One line of a test: `rule ; packet ; what must come out`.

    -p tcp -m tcp ! --dport 80:90 ; tcp 10.0.0.1:1 > 10.0.0.2:80 in=eth0 ; NO destination port is 80
    -j MARK --set-xmark 0x1/0x3 ; tcp 10.0.0.1:1 > 10.0.0.2:80 mark=0x6 ; CONTINUE MARK mark=5

The packet: protocol, source > destination, then words `key=value`: fields of a packet (`ttl=3`, `flags=SYN,ACK`, `raw=45..`), of
the place (`in=eth0`, `hook=OUTPUT`, `time=2024-01-01T12:00:00`), of the connection (`state=NEW`, `status=DNAT`, `connmark=1`), and
`world=blind` for a snapshot that holds nothing.

What comes out of a match: YES, NO, HOTDROP; UNKNOWN (no better than its opposite; ` yes` where that is its default), ASSUMED yes
or ASSUMED no (a default to rely on); BINDERROR. Words behind it must stand in the reason. What comes out of a target: the verdict
and every effect, as `described` writes them.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from snapshot.host.conntrack import Tuple
from snapshot.host.firewall import Rule
from snapshot.host.ipset import IpSet
from snapshot.host.link import Interface, IPAddress
from snapshot.host.socket import Listener
from snapshot.parse.iptables_rule import rule as parse_rule
from visualize.netfilter.answer import Answer, Truth
from visualize.netfilter.extension import BindError, _bind
from visualize.netfilter.here import ConnectionView, Here
from visualize.netfilter.hook import Hook
from visualize.netfilter.match import builtin
from visualize.netfilter.match.tcp import FLAGS
from visualize.netfilter.outcome import Outcome
from visualize.netfilter.protocols import protocol_number
from visualize.packet.packet import Packet
from visualize.path import changed_fields

TYPES = {"10.0.0.2": "LOCAL", "127.0.0.1": "LOCAL", "10.0.0.255": "BROADCAST", "224.0.0.1": "MULTICAST", "2001:db8::2": "LOCAL",
         "2001:db8::a": "ANYCAST", "2001:db8:dead::1": "BLACKHOLE"}
INTERFACES = {"lo": Interface("lo", flags=frozenset({"LOOPBACK", "UP"}), mtu=65536), "eth0": Interface("eth0"),
              "eth1": Interface("eth1", group="16"), "ppp0": Interface("ppp0", mtu=1492), "wg0": Interface("wg0", kind="wireguard"),
              "tiny": Interface("tiny", mtu=40)}


@dataclass
class World:
    """A host with 10.0.0.2 and 2001:db8::2 on eth0, behind which all of 10/8 lies."""

    sets: dict[str, IpSet] = field(default_factory=dict)
    blind: bool = False
    netns: str = "host"
    kernel: str = ""
    captured: int | None = None
    ipsec: bool | None = None

    def address_type(self, address: IPAddress, device: str | None = None) -> str | None:
        """The type from the table above; with a device other than eth0, nothing is LOCAL."""
        if self.blind:
            return None
        found = TYPES.get(str(address), "UNICAST")
        return "UNICAST" if found == "LOCAL" and device not in (None, "eth0") else found

    def ipset(self, name: str) -> IpSet | None:
        """A set of the test."""
        return self.sets.get(name)

    def interface(self, name: str) -> Interface | None:
        """One of the interfaces above."""
        return None if self.blind else INTERFACES.get(name)

    def reverse_path(self, packet: Packet, in_interface: str, mark: int, loose: bool, accept_local: bool) -> bool | None:
        """Everything in 10/8 is reached by eth0, or by eth1 with mark 7; nothing else is reached."""
        if self.blind:
            return None
        source = packet.src
        known = source.version == 4 and source in ip_network("10.0.0.0/8")
        return known and (loose or in_interface == ("eth1" if mark == 7 else "eth0"))

    def realm(self) -> int | None:
        """The route's realm."""
        return None if self.blind else 0x10

    def connections(self) -> tuple[ConnectionView, ...]:
        """None but the packet's own."""
        return ()

    @property
    def listeners(self) -> tuple[Listener, ...] | None:
        """A proxy on 15001."""
        return None if self.blind else (Listener("tcp", 15001),)


@dataclass
class Loaded:
    """The table of the rule: `fresh` where it has counted nothing yet."""

    fresh: bool = False

    def holding(self, text: str) -> list[Rule]:
        """No other rule."""
        return []


@dataclass
class Connection:
    """A connection as rules see it."""

    original: Tuple
    reply: Tuple
    protocol: int
    status: frozenset[str] = frozenset()
    mark: int = 0
    zone: int = 0
    helper: str | None = None
    labels: str | None = None
    expires: int | None = None
    carried: list[list[int]] | None = None
    captured: bool = False

    def counted(self, now: int | None) -> bool:
        """Whether connlimit counts it."""
        return "CONFIRMED" in self.status


def _end(text: str) -> tuple[IPAddress, int | None]:
    if text.startswith("["):
        host, _, port = text[1:].partition("]:")
        return ip_address(host.rstrip("]")), int(port) if port else None
    host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return ip_address(host), int(port) if port else None


def _tuple(source: str, destination: str) -> Tuple:
    (src, sport), (dst, dport) = _end(source), _end(destination)
    return Tuple(src, dst, sport, dport)


NUMBERS = {"ttl": "ttl", "tos": "tos", "mark": "mark", "length": "length", "type": "icmp_type", "code": "icmp_code",
           "icmpid": "icmp_id", "id": "identification", "fragment": "fragment_offset", "headers": "header_length",
           "payload": "transport_length"}
BYTES = {"raw": "raw", "options": "tcp_options"}


def packet_of(text: str) -> tuple[Packet, dict[str, str]]:
    """The packet of a line, and the words that are not fields of it."""
    protocol, source, arrow, destination, *words = text.split()
    assert arrow == ">", f"a packet is written `tcp A:P > B:P`, not {text!r}"
    (src, sport), (dst, dport) = _end(source), _end(destination)
    number = protocol_number(protocol)
    assert number is not None
    packet = Packet(src, dst, number, sport=sport, dport=dport, header_length=20 if src.version == 4 else 40)
    rest = {}
    for word in words:
        key, _, value = word.partition("=")
        if key in NUMBERS:
            packet = replace(packet, **{NUMBERS[key]: int(value, 0)})
        elif key in BYTES:
            packet = replace(packet, **{BYTES[key]: bytes.fromhex(value)})
        elif key == "flags":
            packet = replace(packet, tcp_flags=sum(FLAGS[name] for name in value.split(",") if name))
        elif key == "more":
            packet = replace(packet, more_fragments=True)
        elif key == "mac":
            packet = replace(packet, src_mac=value)
        elif key == "chain":
            packet = replace(packet, extension_headers=tuple(map(int, value.split(","))))
        else:
            rest[key] = value
    return packet, rest


def _connection(packet: Packet, words: dict[str, str]) -> Connection:
    original = _tuple(*words.pop("original").split(">")) if "original" in words else Tuple(
        packet.src, packet.dst, packet.sport, packet.dport, packet.icmp_type, packet.icmp_code, packet.icmp_id)
    reply = _tuple(*words.pop("reply").split(">")) if "reply" in words else Tuple(
        original.destination, original.source, original.destination_port, original.source_port)
    timeout = words.pop("timeout", None)
    return Connection(original, reply, packet.protocol, frozenset(filter(None, words.pop("status", "").split(","))),
                      int(words.pop("connmark", "0"), 0), expires=int(float(timeout) * 1e9) if timeout else None)


def here_of(packet: Packet, words: dict[str, str], world: World) -> Here:
    """Where the packet of a line stands. Every word must be known."""
    words = dict(words)
    state = words.pop("state", None)
    connection = _connection(packet, words) if state in ("NEW", "ESTABLISHED", "RELATED") else None
    time = words.pop("time", None)
    here = Here(replace(world, blind=words.pop("world", "") == "blind", kernel=words.pop("kernel", ""),
                        ipsec={"yes": True, "no": False}.get(words.pop("ipsec", ""))), "ip" if packet.family == 4 else "ip6",
                Hook(words.pop("hook", "FORWARD")), in_interface=words.pop("in", None), out_interface=words.pop("out", None),
                physdev_in=words.pop("physin", None), physdev_out=words.pop("physout", None), ctstate=state,
                bridged="bridged" in words, reply_direction="back" in words, connection=connection,
                packet_type=words.pop("frame", "unicast"), local_origin="local" in words,
                time_ns=int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()) * 10**9 if time else None)
    here.rules = Loaded("fresh" in words)
    assert not words.keys() - {"bridged", "back", "local", "fresh"}, f"unknown words {words}"
    return here


def shown(answer: Answer) -> str:
    """An answer as lines write it."""
    if answer.hotdrop:
        return "HOTDROP"
    if answer.truth is not Truth.UNKNOWN:
        return answer.truth.name
    default = "yes" if answer.default else "no"
    return f"ASSUMED {default}" if not answer.weak else "UNKNOWN yes" if answer.default else "UNKNOWN"


def described(outcome: Outcome, packet: Packet) -> str:
    """A target's outcome as lines write it: the verdict, then every effect."""
    words = [outcome.verdict.value]
    if outcome.packet is not None:
        _, after = changed_fields(packet, outcome.packet)
        words += [outcome.kind, *(f"{name}={value.hex() if isinstance(value, bytes) else value}" for name, value in after.items())]
    if outcome.begets is not None:
        words.append(f"begets={outcome.begets.kind}" + (f">{outcome.begets.gateway}" if outcome.begets.gateway else ""))
    if outcome.nat is not None:
        nat = outcome.nat
        words.append(f"{nat.kind}({'source' if nat.source else 'destination'})")
        words += [f"{nat.addresses[0]}-{nat.addresses[1]}"] if nat.addresses else []
        words += [f"ports={nat.ports[0]}-{nat.ports[1]}"] if nat.ports else []
        words += [f"base={nat.base_port}"] if nat.base_port is not None else []
        words += [f"/{nat.netmap_prefix}"] if nat.netmap_prefix is not None else []
        words += [name for name in ("random", "random_fully", "persistent") if getattr(nat, name)]
    if outcome.connection is not None:
        change = outcome.connection
        words += [f"{name}:{getattr(change, name)}" for name in ("mark", "helper") if getattr(change, name) is not None]
        words += [f"zone:{'/'.join(map(str, change.zone))}"] if change.zone is not None else []
        words += ["notrack"] if change.notrack else []
    if outcome.doubt is not None:
        words.append(shown(outcome.doubt))
    return " ".join(words)


@dataclass
class Case:
    """One parsed line."""

    rule: str
    packet: str
    expected: str
    world: World = field(default_factory=World)

    def check(self) -> None:
        """Fail unless the rule does to the packet what the line says."""
        packet, words = packet_of(self.packet)
        here = here_of(packet, words, self.world)
        here.rule = rule = parse_rule(f"-A X {self.rule}", ("t", 1), 1)
        try:
            if rule.target is not None:
                outcome = _bind("visualize.netfilter.target", rule.target, here.family).act(packet, here)
                assert described(outcome, packet) == self.expected
                return
            matches = [_bind("visualize.netfilter.match", clause, here.family) if clause.name else builtin.bind(clause, here.family)
                       for clause in rule.matches]
        except BindError as error:
            self._compare("BINDERROR", str(error))
            return
        answers = [match.test(packet, here) for match in matches]
        decisive = min(answers, key=lambda answer: answer.truth)
        self._compare(shown(decisive), decisive.why)

    def _compare(self, word: str, why: str) -> None:
        assert self.expected.startswith(word), f"{word} {why}"
        reason = self.expected[len(word):].strip()
        assert reason in why, f"{word} {why}"
        assert word != "NO" or why, "a NO needs its why"


def cases(text: str, world: World | None = None) -> list[Case]:
    """The cases of a block of lines; empty lines and those that begin with # are left out."""
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            rule, packet, expected = (part.strip() for part in line.rsplit(" ; ", 2))
            found.append(Case(rule, packet, expected, world or World()))
    return found


def answers(rule: str, times: list[float], packet: str = "udp 10.0.0.1:1000 > 10.0.0.2:53 length=100", fresh: bool = True,
            start: float | None = None) -> str:
    """What a rule's match says of a packet that comes again at these seconds: Y, N, or y and n where it is only assumed."""
    one, words = packet_of(packet)
    here = here_of(one, words, World())
    here.rule, here.rules = parse_rule(f"-A X {rule}", ("t", 1), 1), Loaded(fresh)
    if start is not None:
        here.memory["start"] = int(start * 1e9)
    match = _bind("visualize.netfilter.match", here.rule.matches[0], here.family)
    said = ""
    for time in times:
        here.time_ns = int(time * 1e9)
        answer = match.test(one, here)
        said += {Truth.YES: "Y", Truth.NO: "N", Truth.UNKNOWN: "y" if answer.default else "n"}[answer.truth]
    return said
