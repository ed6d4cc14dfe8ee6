"""The words that pictures and the terminal share: endpoints, places, hooks, what a rule did."""

from datetime import UTC, datetime

from snapshot.host import HOST, Host
from visualize.flow import Ends
from visualize.packet.packet import Packet
from visualize.path import Crossed, Doubt, RuleMatched, Verdict

HOOKS = {"PREROUTING": "on arrival, before routing", "INPUT": "to this machine itself", "FORWARD": "passing through",
         "OUTPUT": "from this machine itself", "POSTROUTING": "before leaving"}
VERDICTS = {Verdict.FORWARDED: "forwarded", Verdict.DELIVERED: "delivered", Verdict.DROPPED: "dropped", Verdict.REJECTED: "rejected",
            Verdict.LOOPED: "looped", Verdict.UNKNOWN: "unknown"}
STACKED = ("vlan", "macvlan", "macvtap", "ipvlan")  # kinds of devices that sit on another, perhaps in another namespace
DECIDES = frozenset({"ACCEPT", "DROP", "QUEUE", "STOLEN", "REJECT"})  # verdicts that end a base chain


def endpoint(address: object, port: int | None) -> str:
    """`172.17.0.2:80`, `[2001:db8::1]:80`, or the address alone."""
    text = str(address)
    if port is None:
        return text
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def tuple_text(packet: Packet | Ends) -> str:
    """`172.17.0.2:40001 → 198.51.100.80:80`."""
    text = f"{endpoint(packet.src, packet.sport)} → {endpoint(packet.dst, packet.dport)}"
    return text + (f" id {packet.icmp_id}" if packet.icmp_id is not None else "")


def describe_kind(packet: Packet) -> str:
    """`ICMP type 3 code 3`, `TCP RST`, `UDP`."""
    if packet.icmp_type is not None:
        return f"{packet.protocol_name.upper()} type {packet.icmp_type} code {packet.icmp_code}"
    return "TCP RST" if (packet.tcp_flags or 0) & 4 else packet.protocol_name.upper()


def place_name(host: Host, netns: str) -> str:
    """`container web`, `the host`, `namespace red`: short, for a sentence."""
    namespace = host.namespaces.get(netns)
    if netns == HOST:
        return "the host"
    names = namespace.containers if namespace is not None else ()
    return f"container{'s' if len(names) > 1 else ''} {' and '.join(names)}" if names else f"namespace {netns}"


def place_lines(host: Host, netns: str) -> tuple[str, ...]:
    """What a namespace is, by the names that people know: `container web`, then its image and its networks; `host NAME`."""
    namespace = host.namespaces.get(netns)
    names = namespace.containers if namespace is not None else ()
    if netns == HOST:
        return (f"host {host.hostname}".strip(), *((f"and containers {', '.join(names)}",) if names else ()))
    if not names:
        return (f"namespace {netns}",)
    container = next((c for c in host.containers if c.name == names[0]), None)
    networks = [e.network for e in container.endpoints] if container is not None else []
    lines = [f"container {names[0]}"]
    if container is not None and container.image:
        lines.append(f"image {container.image}")
    if networks:
        lines.append(f"network{'s' if len(networks) > 1 else ''} {', '.join(networks)}")
    if names[1:]:
        lines.append(f"shared with {', '.join(names[1:])}")
    if namespace is not None and namespace.inferred:
        lines.append("inferred, not captured")
    return tuple(lines)


def place_title(host: Host, netns: str) -> str:
    """The same on one line: `container web (image nginx:1.27, network front)`."""
    first, *rest = place_lines(host, netns)
    return first + (f" ({', '.join(rest)})" if rest else "")


def crossing(host: Host, step: Crossed) -> str:
    """How a packet came into another namespace: over a veth pair, or by a device that sits on one of another namespace."""
    ends = ((step.netns, step.interface), (step.from_netns, step.from_interface))
    kinds = [host.namespaces[netns].interfaces[name].kind for netns, name in ends
             if netns in host.namespaces and name in host.namespaces[netns].interfaces]
    stacked = next((kind for kind in kinds if kind in STACKED), None)
    return f"over the {stacked} link from {step.from_interface}" if stacked else f"over the veth pair from {step.from_interface}"


def rule_name(step: RuleMatched) -> str:
    """`nat DOCKER rule 2`."""
    return f"{step.table} {step.chain} rule {step.rule}"


def did(step: RuleMatched) -> str:
    """What a rule that matched made: `to chain DOCKER`, `RETURN`, `DNAT`, `ACCEPT`, `MARK, and on`."""
    match step.verdict:
        case "JUMP":
            return f"to chain {step.target}"
        case "GOTO":
            return f"on to chain {step.target}"
        case "RETURN":
            return "RETURN"
        case "CONTINUE":
            return f"{step.target or 'counts'}, and on"
        case _:
            return step.target if step.target not in ("", step.verdict) else step.verdict


def moment(text: str) -> str:
    """When the snapshot was made: seconds since 1970 as a date, anything else as it is."""
    if not text.isdigit() or len(text) > 11:
        return text
    return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def doubt_text(doubt: Doubt) -> str:
    """A doubt in a sentence: what is not known, what was assumed, what would settle it."""
    settle = f"; would settle it: {doubt.settle}" if doubt.settle else ""
    return f"not known: {doubt.why}; assumed: {doubt.assumed}{settle}"
