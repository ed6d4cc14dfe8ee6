"""A path in the words of the kernel's TRACE (nf_log_trace, nf_log_ipv4, nf_log_ipv6): a line for each rule, and for each chain's end.

    TRACE: filter:FORWARD:rule:3 IN=eth0 OUT=eth1 MAC=... SRC=10.1.0.2 DST=10.2.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=TCP SPT=...

Like ip_tables, an unconditional ACCEPT, DROP or RETURN is called `policy:N` (in a base chain) or `return:N`, and so is the end of a chain,
whose number is that of the last rule plus one. Tables of the nft back-end are printed in the same words.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from snapshot.host import Host, Namespace
from snapshot.host.firewall import Rule, Table
from visualize.draw.quoting import terminal
from visualize.packet.packet import Packet, Protocol
from visualize.path import Bridged, Crossed, Path, PolicyApplied, Received, Routed, RuleMatched, Sent, Step

FLAGS = (("CWR", 128), ("ECE", 64), ("URG", 32), ("ACK", 16), ("PSH", 8), ("RST", 4), ("SYN", 2), ("FIN", 1))
WITH_IN, WITH_OUT = ("PREROUTING", "INPUT", "FORWARD", "POSTROUTING"), ("FORWARD", "OUTPUT", "POSTROUTING")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where, which rule or end of a chain, and the packet there with its interfaces."""

    netns: str
    table: str
    chain: str
    kind: str  # rule | return | policy
    number: int
    packet: Packet
    devices: str  # `IN=eth0 OUT=`
    end: bool = False  # the end of a chain, not a rule

    def __str__(self) -> str:
        """As the kernel logs it."""
        return f"TRACE: {self.table}:{terminal(self.chain)}:{self.kind}:{self.number} {self.devices} {logged(self.packet)}".rstrip()


@dataclass(slots=True)
class _Walk:
    """Where the packet stands: the chains that wait for its return, and its interfaces."""

    host: Host
    incoming: str = ""
    outgoing: str = ""
    port_out: str = ""
    chains: list[tuple[RuleMatched, str]] = field(default_factory=list)  # the jump, and the chain it went to

    def namespace(self, step: Step) -> Namespace | None:
        return self.host.namespaces.get(step.netns)

    def table(self, step: RuleMatched | PolicyApplied) -> Table | None:
        namespace = self.namespace(step)
        tables = (namespace.tables4 if step.family == "ip" else namespace.tables6) if namespace is not None else None
        return next((one for one in tables or () if one.name == step.table and one.backend.value == step.backend), None)


def lines(path: Path, host: Host) -> Iterator[Line]:
    """The lines of one path, in order; packets that it begot are not among them."""
    walk = _Walk(host)
    for step in path.steps:
        match step:
            case Received() | Crossed():
                walk.incoming, walk.outgoing, walk.port_out = step.interface or "", "", ""
            case Routed() if step.out is not None:
                walk.outgoing, walk.port_out = step.out, ""
            case Bridged(port=str() as port):
                walk.outgoing, walk.port_out = step.bridge, port
            case Sent():
                walk.outgoing = walk.outgoing or step.interface
            case RuleMatched():
                yield from _ends(walk, step, step.chain)
                yield from _rule(walk, step)
            case PolicyApplied():
                yield from _ends(walk, step, step.chain)
                yield _end(walk, step, step.chain, "policy")
            case _:
                pass


def _rule(walk: _Walk, step: RuleMatched) -> Iterator[Line]:
    table = walk.table(step)
    rules = table.chains[step.chain].rules if table is not None and step.chain in table.chains else ()
    kind = "rule"
    if step.rule <= len(rules) and _unconditional(rules[step.rule - 1]):
        kind = "policy" if step.chain == step.hook else "return"
    yield Line(step.netns, step.table, step.chain, kind, step.rule, step.packet, _devices(walk, step))
    match step.verdict:
        case "JUMP":
            walk.chains.append((step, step.target))
        case "GOTO" if walk.chains:
            walk.chains[-1] = (walk.chains[-1][0], step.target)
        case "RETURN" if walk.chains:
            walk.chains.pop()
        case "ACCEPT" | "DROP" | "QUEUE" | "STOLEN":
            walk.chains.clear()
        case _:
            pass


def _ends(walk: _Walk, step: RuleMatched | PolicyApplied, chain: str) -> Iterator[Line]:
    """The chains that came to their end, without a word, before this step."""
    while walk.chains and walk.chains[-1][1] != chain:
        _, ended = walk.chains.pop()
        yield _end(walk, step, ended, "return")


def _end(walk: _Walk, step: RuleMatched | PolicyApplied, chain: str, kind: str) -> Line:
    """The end of a chain: its number is that of the last rule plus one."""
    table = walk.table(step)
    number = len(table.chains[chain].rules) + 1 if table is not None and chain in table.chains else 1
    return Line(step.netns, step.table, chain, kind, number, step.packet, _devices(walk, step), True)


def _unconditional(rule: Rule) -> bool:
    return rule.jump in ("ACCEPT", "DROP", "RETURN") and not rule.matches and not rule.goto


def _devices(walk: _Walk, step: RuleMatched | PolicyApplied) -> str:
    """`IN=docker0 OUT= PHYSIN=veth1 MAC=...`: a bridge port's place is its bridge."""
    namespace = walk.namespace(step)
    port = namespace.interfaces.get(walk.incoming) if namespace is not None else None
    master = port.master if port is not None and namespace is not None and port.master in namespace.interfaces else None
    came = walk.incoming if step.hook in WITH_IN else ""
    went = walk.outgoing if step.hook in WITH_OUT else ""
    text = f"IN={terminal(master or came) if came else ''} OUT={terminal(went)}"
    if came and master:
        text += f" PHYSIN={terminal(came)}"
    if went and walk.port_out:
        text += f" PHYSOUT={terminal(walk.port_out)}"
    packet = step.packet
    if came and step.hook != "POSTROUTING":
        known = packet.dst_mac is not None and packet.src_mac is not None
        text += f" MAC={packet.dst_mac}:{packet.src_mac}:{'08:00' if packet.family == 4 else '86:dd'}" if known else " MAC="
    return text


def logged(packet: Packet) -> str:
    """The packet as nf_log prints it."""
    words = [f"SRC={_address(packet, packet.src)} DST={_address(packet, packet.dst)} LEN={packet.length}"]
    if packet.family == 4:
        words.append(f"TOS=0x{packet.tos & 0x1E:02X} PREC=0x{packet.tos & 0xE0:02X} TTL={packet.ttl} ID={packet.identification}")
        words += ["DF"] * packet.dont_fragment + ["MF"] * packet.more_fragments
        words += [f"FRAG:{packet.fragment_offset // 8}"] if packet.fragment_offset else []
    else:
        words.append(f"TC={packet.tos} HOPLIMIT={packet.ttl} FLOWLBL={packet.flow_label}")
    words.append(f"PROTO={_protocol(packet)}")
    words += _transport(packet) if not packet.fragment_offset else []
    words += [f"MARK=0x{packet.mark:x}"] if packet.mark else []
    return " ".join(words)


def _address(packet: Packet, one: object) -> str:
    return str(one) if packet.family == 4 else str(getattr(one, "exploded", one))


def _protocol(packet: Packet) -> str:
    names = {Protocol.TCP: "TCP", Protocol.UDP: "UDP", Protocol.UDPLITE: "UDPLITE", Protocol.ICMP: "ICMP", Protocol.ICMPV6: "ICMPv6",
             Protocol.AH: "AH", Protocol.ESP: "ESP"}
    return next((name for number, name in names.items() if number == packet.protocol), str(packet.protocol))


def _transport(packet: Packet) -> list[str]:
    if packet.protocol == Protocol.TCP and packet.tcp_flags is not None:
        words = [f"SPT={packet.sport} DPT={packet.dport} SEQ={packet.seq or 0} ACK={packet.ack or 0} WINDOW={packet.window or 0} RES=0x00"]
        words += [name for name, bit in FLAGS if packet.tcp_flags & bit]
        return [*words, "URGP=0", *([f"OPT ({packet.tcp_options.hex().upper()})"] if packet.tcp_options else [])]
    if packet.protocol in (Protocol.UDP, Protocol.UDPLITE) and packet.sport is not None:
        return [f"SPT={packet.sport} DPT={packet.dport} LEN={packet.length - packet.header_length}"]
    if packet.icmp_type is not None:
        words = [f"TYPE={packet.icmp_type} CODE={packet.icmp_code}"]
        return [*words, f"ID={packet.icmp_id} SEQ={packet.icmp_seq}"] if packet.icmp_id is not None else words
    return []
