"""A path as cards in the order of its steps, each with the namespace that it stands in. `detail` folds what decided nothing."""

from collections.abc import Iterable
from dataclasses import replace

from snapshot.host import Host
from visualize.draw.folding import Card, merge, without_hops, without_rounds
from visualize.draw.rows import aspect, change_rows, concerns, evidence_text, header_rows, moved, route_rows, rule_rows, verdict_word
from visualize.draw.rules import Walked, fold, matters
from visualize.draw.scene import Kind, Look, Node, Row
from visualize.draw.words import HOOKS, STACKED, crossing, describe_kind, doubt_text, place_name, tuple_text
from visualize.flow import PathUse
from visualize.path import (
    Begot,
    Bridged,
    Certainty,
    Crossed,
    Ended,
    Evidence,
    PolicyApplied,
    Received,
    Rewritten,
    Routed,
    RuleMatched,
    Sent,
    Step,
    Tracked,
    Verdict,
)

_ENDS = {Verdict.FORWARDED: Look.FORWARDED, Verdict.DELIVERED: Look.DELIVERED, Verdict.UNKNOWN: Look.UNKNOWN}
_KINDS = {Evidence.SEEN: Kind.SEEN, Evidence.NOT_SEEN: Kind.NOT_SEEN, Evidence.CONTRADICTED: Kind.CONTRADICTED}


def cards(host: Host, use: PathUse, prefix: str, detail: str) -> list[Card]:
    """The cards of one path. `prefix` begins their ids; `detail` is summary, rules or full."""
    return _Teller(host, use, prefix, detail).run()


class _Teller:
    """Goes through the steps once: rules of one hook are gathered, then told together."""

    def __init__(self, host: Host, use: PathUse, prefix: str, detail: str) -> None:
        self.host, self.path, self.prefix, self.detail = host, use.path, prefix, detail
        self.first_frame = use.packets[0] if use.packets else None
        self.watched = bool(use.sightings)
        self.sightings = list(use.sightings)
        self.found: list[Card] = []
        self.walked: list[Walked] = []
        self.walked_from = 0
        self.hook: tuple[str, str] = ("", "")
        self.packet = use.path.start
        self.doubts = list(use.path.doubts)

    def run(self) -> list[Card]:
        for index, step in enumerate(self.path.steps):
            self.step(index, step)
            self.packet = step.packet
        if self.detail == "full":
            found = self.found
        else:
            found = merge(self.found) if self.detail == "rules" else without_hops(merge(self.found))
        if self.path.verdict is Verdict.LOOPED:
            found = without_rounds(found)
        return [replace(card, node=replace(card.node, lane=self.prefix)) for card in found]

    def add(self, index: int, netns: str, look: Look, title: str, gloss: str, rows: Iterable[Row], since: int | None = None) -> None:
        first = index if since is None else since
        told = tuple(rows)
        doubtful = any(row.kind is Kind.DOUBT for row in told) or look is Look.UNKNOWN
        self.found.append(Card(netns, Node(f"{self.prefix}{first}", look, title, gloss, told, doubtful,
                                           f"{title} {gloss}".strip() or "nothing was decided here", (first, index))))

    def hop(self, index: int, netns: str, *rows: Row) -> None:
        self.add(index, netns, Look.HOP, "", "", rows)

    # -- rules ------------------------------------------------------------------------------------------------------

    def step(self, index: int, step: Step) -> None:
        match step:
            case RuleMatched() | PolicyApplied():
                if self.hook != (step.netns, step.hook):
                    self.close(index)
                if not self.walked:
                    self.walked_from = index
                self.hook = (step.netns, step.hook)
                self.walked.append(step)
            case Rewritten(kind="TTL", by="kernel"):
                pass
            case Rewritten():
                self.rewrite(index, step)
            case _:
                self.close(index)
                self.other(index, step)

    def close(self, index: int) -> None:
        """Tell the rules gathered so far as one card, which ends before step `index`."""
        walked, self.walked = self.walked, []
        if not walked:
            return
        netns, hook = self.hook
        told = fold(walked)
        rows = [row for step in (walked if self.detail == "full" else told.kept) for row in rule_rows(self.host, step, self.detail)]
        if told.kept:
            if told.idle and self.detail == "rules":
                rows.insert(0, Row(f"nothing decided in {', '.join(told.idle)}", Kind.DIM))
            verdict = next((verdict_word(s) for s in reversed(told.kept) if verdict_word(s)), "")
            self.add(index - 1, netns, Look.PASS, f"{hook}{': ' + verdict if verdict else ''}", HOOKS.get(hook, ""), rows, self.walked_from)
            return
        idle = f"nothing decided in {', '.join(told.idle)}" if told.idle else "no rule decided"
        policies = f"; policy ACCEPT of {', '.join(told.accepted)}" if told.accepted else ""
        folded = (Row(idle + policies, Kind.DIM, hook),)
        self.add(index - 1, netns, Look.HOP, hook if self.detail == "full" else "", "", rows if self.detail == "full" else folded, self.walked_from)

    def rewrite(self, index: int, step: Rewritten) -> None:
        """The rule that rewrites goes into the rewrite's own card, with the jumps that led to it."""
        culprits: list[Walked] = []
        since = index
        if step.by == "rule" and self.walked:
            told = fold(self.walked)
            last = self.walked[-1]
            before = self.walked[:-1]
            if all(not matters(s) for s in before):
                culprits, self.walked, since = [s for s in told.kept if s is not last], [], self.walked_from
            else:
                self.walked = before
                since = index - 1
            culprits.append(last)
        self.close(since)
        told_by = {"rule": (), "conntrack": (Row("by conntrack, which remembers what was done to the connection's first packet", Kind.DIM),),
                   "kernel": (Row("by the kernel", Kind.DIM),)}
        rows = [*change_rows(self.packet, step), *told_by.get(step.by, (Row(f"by {step.by}", Kind.DIM),)),
                *(row for one in culprits for row in rule_rows(self.host, one, self.detail))]
        if step.why:
            rows.append(Row(step.why, Kind.DIM))
        rows += self.doubt_rows(step.kind)
        self.add(index, step.netns, Look.REWRITE, f"{step.kind}: {aspect(step)}", HOOKS.get(step.hook, step.hook), rows, since)

    def doubt_rows(self, word: str) -> list[Row]:
        """Doubts whose place names this word, told once."""
        here = [d for d in self.doubts if word.lower() in d.at.lower()]
        self.doubts = [d for d in self.doubts if d not in here]
        return [Row(doubt_text(d), Kind.DOUBT) for d in here]

    # -- everything else --------------------------------------------------------------------------------------------

    def other(self, index: int, step: Step) -> None:
        match step:
            case Received() if index:
                self.hop(index, step.netns, Row("in", Kind.TEXT, step.interface or ""), *self.evidence(step.netns, step.interface or "", False))
            case Received():
                self.start(index, step)
            case Tracked():
                known = {"NEW": "a new connection (NEW)", "ESTABLISHED": "a known connection (ESTABLISHED)", "RELATED": "belongs to a known "
                         "connection (RELATED)", "INVALID": "fits no connection (INVALID)", "UNTRACKED": "not tracked (UNTRACKED)"}
                text = known.get(step.state, step.state) + (", reply direction" if step.role == "reply" else "")
                self.hop(index, step.netns, Row(text + (f": {step.why}" if step.why else ""), Kind.DIM, "conntrack"))
            case Sent():
                self.hop(index, step.netns, Row("out" if step.interface != "lo" else "loopback", Kind.TEXT, step.interface),
                         *self.evidence(step.netns, step.interface, True))
            case Crossed():
                self.hop(index, step.netns, Row(f"in, {crossing(self.host, step)}", Kind.TEXT, step.interface),
                         *self.evidence(step.netns, step.interface, False))
            case Routed():
                self.hop(index, step.netns, *route_rows(step, self.detail))
            case Bridged():
                way = f"to port {step.port}" if step.port else "up to the host's own stack"
                why = "" if step.why == "fdb" and self.detail != "full" else f" ({step.why})"
                self.hop(index, step.netns, Row(way + why, Kind.TEXT, step.bridge),
                         *(self.evidence(step.netns, step.bridge, False) if step.port is None else ()))
            case Begot():
                if self.detail == "full":
                    self.hop(index, step.netns, Row(step.why, Kind.DIM, "copied"))
            case Ended():
                self.end(index, step)

    def evidence(self, netns: str, interface: str, outgoing: bool) -> tuple[Row, ...]:
        """What the capture says of this place: a row, or none where it could not see."""
        here = [s for s in self.sightings if (s.netns, s.interface, s.outgoing) == (netns, interface, outgoing)]
        self.sightings = [s for s in self.sightings if s not in here]
        return tuple(Row(evidence_text(s), _KINDS[s.state], " ") for s in here)

    def start(self, index: int, step: Received) -> None:
        """Where the way begins; the sender at the other end of a veth pair is known all the same."""
        title = "Reply" if self.prefix == "r" else "Packet"
        kind = describe_kind(step.packet) if step.packet.icmp_type is not None else step.packet.protocol_name.upper()
        rows = [*header_rows(step.packet)]
        frame = (Row(f"seen in the capture, frame {self.first_frame}", Kind.SEEN, " "),) if self.first_frame is not None and self.watched else ()
        if step.local:
            by = "made by the kernel" if step.by_kernel else f"sent by a process of {place_name(self.host, step.netns)}"
            self.add(index, step.netns, Look.START, f"{title} ({kind})", by, rows)
            return
        peer = self.sender(step)
        if peer is not None:
            self.add(index, peer[0], Look.START, f"{title} ({kind})", f"sent by {place_name(self.host, peer[0])}", [
                *rows, Row("out, over the veth pair", Kind.TEXT, peer[1])])
            self.found.append(Card(step.netns, Node(f"{self.prefix}{index}in", Look.HOP, rows=(Row("in", Kind.TEXT, step.interface or ""), *frame),
                                                    tip="nothing was decided here", steps=(index, index))))
            return
        self.add(index, step.netns, Look.START, f"{title} ({kind})", f"arrives at {step.interface}", [*rows, *frame])

    def sender(self, step: Received) -> tuple[str, str] | None:
        """The namespace and interface at the other end of the veth pair that the packet came in by."""
        namespace = self.host.namespaces.get(step.netns)
        interface = namespace.interfaces.get(step.interface or "") if namespace is not None else None
        peer = self.host.namespaces.get(interface.peer_netns or "") if interface is not None else None
        if interface is None or interface.kind in STACKED or peer is None or peer.name == step.netns or not (peer.containers or interface.master):
            return None
        return peer.name, interface.peer_name or ""

    def end(self, index: int, step: Ended) -> None:
        look = _ENDS.get(step.verdict, Look.DROPPED)
        titles = {Verdict.DELIVERED: f"Delivered to {place_name(self.host, step.netns)}", Verdict.FORWARDED: f"Leaves by {step.interface}"}
        rows = list(header_rows(step.packet)) if step.packet is not self.path.start and moved(self.path.start, step.packet) else []
        plain = (f"leaves by {step.interface}", f"delivered to {place_name(self.host, step.netns)}", "delivered to the host itself")
        if step.socket is not None:
            rows.append(Row(step.socket, Kind.TEXT, "listening"))
        elif step.verdict is Verdict.DELIVERED and self.unheard(step):
            rows.append(Row("no socket, as far as was captured", Kind.TEXT, "listening"))
        stolen = self._stolen_rule(step)
        if step.socket is None and step.why not in plain and not (stolen and step.why.startswith(("dropped by", "rejected by"))):
            rows.append(Row(step.why, Kind.TEXT))
        gloss = f"in {self.hook[1]}, {HOOKS.get(self.hook[1], '')}" if stolen else ""
        rows += [*stolen, *self._sent(step), *self.leftover()]
        sure = {Certainty.CERTAIN: gloss, Certainty.ASSUMED: f"{gloss} (assumed)", Certainty.UNKNOWN: f"{gloss} (not certain)"}[self.path.certainty]
        self.add(index, step.netns, look, titles.get(step.verdict, step.verdict.value.upper()), sure.strip(), rows)
        if self.path.certainty is not Certainty.CERTAIN:
            self.found[-1] = replace(self.found[-1], node=replace(self.found[-1].node, doubtful=True))
        for number, child in enumerate(self.path.children, 1):
            told = (*header_rows(child.start), Row(child.end.why, Kind.DIM))
            self.found.append(Card(step.netns, Node(f"{self.prefix}b{number}", Look.ANSWER, "The kernel answers", describe_kind(child.start), told,
                                                    tip=f"the kernel answers: {tuple_text(child.start)}")))

    def unheard(self, step: Ended) -> bool:
        """Whether a first packet came to a port at which the captured sockets do not listen."""
        namespace = self.host.namespaces.get(step.netns)
        opening = self.prefix != "r" and step.packet.protocol in (6, 17) and self.path.state in ("NEW", "")
        return opening and namespace is not None and bool(namespace.listeners)

    def _sent(self, step: Ended) -> list[Row]:
        """Where the packet left, the evidence of its leaving stands in the end's own card."""
        last = self.found[-1].node if self.found else None
        if step.verdict is not Verdict.FORWARDED or last is None or not last.rows or last.rows[0] != Row("out", Kind.TEXT, step.interface or ""):
            return []
        return list(self.found.pop().node.rows[1:])

    def _stolen_rule(self, step: Ended) -> list[Row]:
        """The rule that ended the packet stands in the end's own card: it is taken out of the hook's card before it."""
        if step.verdict not in (Verdict.DROPPED, Verdict.REJECTED) or not self.found or self.found[-1].node.look is not Look.PASS:
            return []
        last = self.path.steps[-2] if len(self.path.steps) > 1 else None
        if not isinstance(last, RuleMatched | PolicyApplied) or not matters(last):
            return []
        stolen = rule_rows(self.host, last, "rules")
        card = self.found.pop()
        rest = tuple(row for row in card.node.rows if row not in stolen)
        if rest:
            title = card.node.title.partition(":")[0]
            look = Look.PASS if any(row.kind is Kind.STRONG for row in rest) else Look.HOP
            node = replace(card.node, rows=rest if look is Look.PASS else _labelled(rest, title), look=look,
                           title=title if look is Look.PASS else "", gloss=card.node.gloss if look is Look.PASS else "")
            self.found.append(replace(card, node=node))
        return stolen

    def leftover(self) -> list[Row]:
        """What no card has told yet: sightings elsewhere than the path predicts, and doubts."""
        told = {row.text for card in self.found for row in card.node.rows}
        rows = [Row(f"{s.interface} {'out' if s.outgoing else 'in'}: {evidence_text(s)}", _KINDS[s.state]) for s in self.sightings
                if s.state is Evidence.CONTRADICTED]
        for doubt in (d for d in self.doubts if doubt_text(d) not in told):
            row = Row(f"{doubt.at}: {doubt_text(doubt)}", Kind.DOUBT)
            place = next((n for n, card in enumerate(self.found) if concerns(doubt, card.node)), None)
            if place is None:
                rows.append(row)
            else:
                node = self.found[place].node
                self.found[place] = replace(self.found[place], node=replace(node, rows=(*node.rows, row), doubtful=True))
        return rows


def _labelled(rows: tuple[Row, ...], label: str) -> tuple[Row, ...]:
    """Rows of which the first bears a label."""
    return tuple(replace(row, label=row.label or (" " if number else label)) for number, row in enumerate(rows))
