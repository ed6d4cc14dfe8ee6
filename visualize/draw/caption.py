"""One plain sentence: what happened to a flow's first packet, and why; for someone who knows no netfilter."""

from snapshot.host import HOST, Host
from snapshot.host.link import IPAddress
from visualize.draw.words import STACKED, endpoint, place_name
from visualize.flow import Flow
from visualize.path import Certainty, Path, PolicyApplied, Received, Rewritten, RuleMatched, Step, Verdict


def caption(host: Host, flow: Flow) -> str:
    """What happened, and why."""
    sentence = f"{_who(host, flow)}{_rewrites(host, flow.first)}{_end(host, flow.first)}{_reply(flow)}."
    return sentence[0].upper() + sentence[1:]


def path_caption(host: Host, path: Path) -> str:
    """The same for one packet."""
    from visualize.flow import PathUse
    return caption(host, Flow(1, "trace", 0, 0, 1, (PathUse(path, (1,)),)))


def owner_name(host: Host, address: IPAddress) -> str | None:
    """Whose address this is: a container's, the host's, or nobody's that was captured."""
    for name, namespace in host.namespaces.items():
        if name != HOST and not address.is_loopback and namespace.owner(address) is not None:
            return place_name(host, name)
    own = host.namespaces.get(HOST)
    return "the host" if own is not None and own.owner(address) is not None else None


def _who(host: Host, flow: Flow) -> str:
    packet = flow.first.start
    first = flow.first.steps[0]
    source = owner_name(host, packet.src) if _from_within(host, first) else None
    if isinstance(first, Received) and first.local:
        source = "the kernel" if first.by_kernel else place_name(host, first.netns)
    sender = f"{source} ({packet.src})" if source else str(packet.src)
    if packet.dst == packet.src or packet.dst.is_loopback:
        target: str | None = "itself"
    else:
        target = owner_name(host, packet.dst)
    what = {6: "a TCP connection", 17: "a UDP datagram", 1: "an ICMP message", 58: "an ICMPv6 message"}.get(
        packet.protocol, f"a packet of {packet.protocol_name}")
    if packet.protocol in (1, 58):
        what = {(1, 8): "a ping", (58, 128): "a ping", (58, 133): "a router solicitation"}.get((packet.protocol, packet.icmp_type or 0), what)
    if packet.is_icmp_error:
        what = "an ICMP error"
    to = endpoint(packet.dst, packet.dport)
    return f"{what} from {sender} to {f'{target} ({to})' if target else to} "


def _from_within(host: Host, first: Step) -> bool:
    """Whether a packet came from a captured namespace: over a veth pair, or by a bridge. A wire's packet only claims its source."""
    namespace = host.namespaces.get(first.netns)
    interface = namespace.interfaces.get(first.interface or "") if namespace is not None and isinstance(first, Received) else None
    return interface is not None and (
        interface.kind == "bridge" or (interface.peer_netns is not None and interface.kind not in STACKED))


def _rewrites(host: Host, path: Path) -> str:
    """What NAT made of it, and which rule."""
    parts = []
    for step, before in zip(path.steps, [None, *path.steps], strict=False):
        if isinstance(step, Rewritten) and {"src", "dst", "sport", "dport"} & set(step.before):
            by = f" (rule {before.rule} of {before.table} {before.chain})" if step.by == "rule" and isinstance(before, RuleMatched) else (
                " by conntrack" if step.by == "conntrack" else "")
            if {"dst", "dport"} & set(step.before):
                owner = owner_name(host, step.packet.dst)
                parts.append(f"was redirected to {f'{owner}, ' if owner else ''}{endpoint(step.packet.dst, step.packet.dport)}{by}")
            if {"src", "sport"} & set(step.before):
                parts.append(f"got the source address {endpoint(step.packet.src, step.packet.sport)}{by}")
    return ", ".join(parts) + (", and " if parts else "")


def _end(host: Host, path: Path) -> str:
    end = path.end
    sure = {Certainty.CERTAIN: "", Certainty.ASSUMED: " (assumed)", Certainty.UNKNOWN: " (not certain)"}[path.certainty]
    match end.verdict:
        case Verdict.DELIVERED:
            place = place_name(host, end.netns)
            redirected = any(isinstance(s, Rewritten) and {"dst", "dport"} & set(s.before) for s in path.steps)
            there = redirected and owner_name(host, end.packet.dst) == place
            return f"was delivered {'there' if there else f'to {place}'}{_pass(path)}{sure}"
        case Verdict.FORWARDED:
            return f"left by {end.interface}{_pass(path)}{sure}"
        case Verdict.DROPPED | Verdict.REJECTED:
            return f"was {end.verdict.value}{_why(path)}{sure}"
        case Verdict.LOOPED:
            return f"went round in a circle{sure}: {end.why}"
        case _:
            return f"has no certain end: {end.why}"


def _pass(path: Path) -> str:
    """The last rule that let it through a filter."""
    rules = [s for s in path.steps if isinstance(s, RuleMatched) and s.table == "filter" and s.verdict == "ACCEPT"]
    return f", let through by rule {rules[-1].rule} of filter {rules[-1].chain}" if rules else ""


def _why(path: Path) -> str:
    last = path.steps[-2] if len(path.steps) > 1 else None
    if isinstance(last, PolicyApplied):
        return f" because no rule of {last.table} {last.chain} let it through (policy {last.verdict})"
    if isinstance(last, RuleMatched) and last.verdict in ("DROP", "REJECT"):
        return f" by rule {last.rule} of {last.table} {last.chain}"
    return f": {path.end.why}"


def _reply(flow: Flow) -> str:
    if not flow.reply or flow.first.verdict in (Verdict.DROPPED, Verdict.REJECTED):
        return ""
    path = flow.reply[0].path
    if path.verdict in (Verdict.DROPPED, Verdict.REJECTED, Verdict.LOOPED):
        return f"; the reply was {path.verdict.value}{_why(path)}"
    if path.start.protocol == 6 and (path.start.tcp_flags or 0) & 4:
        return "; the answer was a reset (RST)"
    if path.start.is_icmp_error:
        return "; the answer was an ICMP error"
    undone = any(isinstance(s, Rewritten) and s.kind.startswith("un-") for s in path.steps)
    return "; replies are translated back" if undone else ""


