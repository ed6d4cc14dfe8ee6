"""The rows of cards: headers and their changes, rules, routes, what a capture says."""

from typing import assert_never

from snapshot.host import Host
from visualize.draw.rules import Walked, matters
from visualize.draw.scene import Kind, Look, Node, Row
from visualize.draw.words import did, doubt_text, endpoint, rule_name
from visualize.packet.packet import Packet
from visualize.path import Doubt, Evidence, PolicyApplied, Rewritten, Routed, Sighting

_NAT = ("source", "src", "sport"), ("destination", "dst", "dport")


def header_rows(packet: Packet, before: Packet | None = None) -> tuple[Row, ...]:
    """Source and destination of a packet, one below the other; what differs from `before` shows both."""
    rows = []
    for label, address, port in _NAT:
        new = endpoint(getattr(packet, address), getattr(packet, port))
        old = endpoint(getattr(before, address), getattr(before, port)) if before is not None else new
        rows.append(Row(new, Kind.HEADER, label, old if old != new else ""))
    return tuple(rows)


def policy_place(host: Host, step: PolicyApplied) -> str:
    """`FILE:LINE` of the chain whose policy this is, or nothing where it is not known."""
    namespace = host.namespaces.get(step.netns)
    tables = (namespace.tables4 if step.family == "ip" else namespace.tables6) if namespace is not None else None
    for table in tables or ():
        if (table.name, table.backend.value) == (step.table, step.backend) and step.chain in table.chains:
            chain = table.chains[step.chain]
            return f"{chain.file}:{chain.line}" if chain.file and chain.line else ""
    return ""


def rule_rows(host: Host, step: Walked, detail: str) -> list[Row]:
    """A rule that mattered: where it stands and what it made, its text, its file and line, its doubt."""
    if isinstance(step, PolicyApplied):
        place = policy_place(host, step)
        return [Row(f"{step.table} {step.chain} policy: {step.verdict}", Kind.STRONG, rule=place), Row("no rule of the chain decided", Kind.DIM),
                *([Row(place, Kind.DIM, rule=place)] if place and detail != "summary" else [])]
    where = f"{step.file}:{step.line}"
    if not matters(step) and detail != "full":
        return [Row(f"{rule_name(step)} leads {did(step)}", Kind.DIM, rule=where)]
    rows = [Row(f"{rule_name(step)}: {did(step)}", Kind.STRONG if matters(step) else Kind.TEXT, rule=where)]
    if detail != "summary":
        rows += [Row(step.text, Kind.CODE, rule=where), Row(where, Kind.DIM, rule=where)]
    if step.doubt is not None:
        rows.append(Row(doubt_text(step.doubt), Kind.DOUBT))
    return rows


def evidence_text(sighting: Sighting) -> str:
    """What a capture says of a predicted place."""
    match sighting.state:
        case Evidence.SEEN:
            return f"seen in the capture, frame {sighting.packet}"
        case Evidence.NOT_SEEN:
            return "not seen in the capture"
        case Evidence.CONTRADICTED:
            frame = f", frame {sighting.packet}" if sighting.packet is not None else ""
            return f"the capture says otherwise{frame}: {sighting.why}"
        case _:
            assert_never(sighting.state)


def verdict_word(step: Walked) -> str:
    """What a hook's card is titled with: the verdict or the target; nothing where a step did not matter."""
    if isinstance(step, PolicyApplied):
        return f"policy {step.verdict}"
    return did(step).removesuffix(", and on") if matters(step) else ""


def aspect(step: Rewritten) -> str:
    """What of the packet is rewritten, in words."""
    words = {"src": "source", "sport": "source", "dst": "destination", "dport": "destination", "icmp_id": "ICMP id"}
    names = list(dict.fromkeys(words.get(key, key) for key in step.before))
    back = " restored" if step.kind.startswith("un-") else " rewritten"
    return " and ".join(names) + back if names else "rewritten"


def change_rows(before: Packet, step: Rewritten) -> list[Row]:
    """The header with what changed, and the other fields that did."""
    pairs = {"src", "sport", "dst", "dport"}
    rows = list(header_rows(step.packet, before)) if pairs & set(step.before) else []
    def show(key: str, value: object) -> str:
        return f"{value:#x}" if key in ("mark", "tos") and isinstance(value, int) else str(value)
    return rows + [Row(show(key, step.after[key]), Kind.HEADER, key.replace("_", " "), show(key, step.before[key]))
                   for key in step.before if key not in pairs]


def moved(start: Packet, end: Packet) -> bool:
    """Whether a packet ended under other addresses or ports than it began with."""
    return (start.src, start.dst, start.sport, start.dport, start.icmp_id) != (end.src, end.dst, end.sport, end.dport, end.icmp_id)


def route_rows(step: Routed, detail: str) -> list[Row]:
    """A routing decision: the way out in words, the route as the host prints it."""
    if step.type == "local":
        text = "to this machine itself"
    elif step.out is None:
        text = step.type if step.type != "unicast" else "no way out"
    else:
        text = f"out by {step.out}" + (f", next hop {step.gateway}" if step.gateway else "")
    rows = [Row(text + (f" (routed again: {step.why})" if step.why else ""), Kind.TEXT, "route")]
    if (step.type != "local" or detail == "full") and step.route:
        rows.append(Row(step.route + (f"  (table {step.table})" if step.table not in ("", "main", "local") else ""), Kind.CODE))
    if detail == "full" and step.rule:
        rows.append(Row(f"by policy rule {step.rule}", Kind.DIM))
    return rows


def concerns(doubt: Doubt, node: Node) -> bool:
    """Whether a card tells of the place that a doubt names: `capture`, `routing`, `bridge br0`, `conntrack PREROUTING`, `nat OUTPUT`,
    `filter FORWARD 3`."""
    labels = {row.label for row in node.rows}
    match doubt.at.split():
        case ["capture"]:
            return node.look is Look.START
        case ["routing"]:
            return "route" in labels
        case ["conntrack", *_]:
            return "conntrack" in labels
        case [table, chain, number] if number.isdigit():
            return any(row.text.startswith(f"{table} {chain} rule {number}:") for row in node.rows)
        case [_, name]:
            return name in labels or node.title.startswith(f"{name}:")
        case _:
            return False
