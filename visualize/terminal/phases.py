"""A packet's way as numbered phases: where it was, what decided, with which result; and in the last line what became of it, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snapshot.host import Host
from visualize.draw.caption import path_caption
from visualize.draw.quoting import visible
from visualize.draw.words import describe_kind, did, doubt_text, endpoint, place_title, rule_name, tuple_text
from visualize.packet.packet import Packet
from visualize.path import (
    Begot,
    Bridged,
    Crossed,
    Ended,
    Path,
    PolicyApplied,
    Received,
    Rewritten,
    Routed,
    RuleMatched,
    Sent,
    Step,
    Tracked,
)
from visualize.terminal.console import STYLES, line

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = ("phase", "netns", "hook", "decided_by", "result", "text", "file", "line")
_RESULT, _NARROW_RESULT, _HOOK = 32, 16, 11  # columns
_INDENT = 3 + 2 + _HOOK + 2


@dataclass(frozen=True, slots=True)
class Phase:
    """One step as it is told. `text` is a rule or route as the host prints it, `note` a reason; `bad` where the packet ends or a doubt stands."""

    number: int
    netns: str
    hook: str
    decided: str
    result: str
    text: str = ""
    file: str = ""
    line: int = 0
    note: str = ""
    strong: bool = False
    bad: bool = False


def phases(path: Path) -> Iterator[Phase]:
    """The phases of a path; its end is no phase but the last line."""
    number = 0
    before = path.start
    for step in path.steps:
        told = _told(step, before)
        before = step.packet
        if told is not None:
            number += 1
            yield Phase(number, step.netns, **told)


def path_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The phases as rows of a table (`COLUMNS`), and the end as the last row."""
    last = 0
    for phase in phases(path):
        last = phase.number
        yield {"phase": phase.number, "netns": phase.netns, "hook": phase.hook, "decided_by": phase.decided, "result": phase.result,
               "text": phase.text, "file": phase.file, "line": phase.line or ""}
    yield {"phase": last + 1, "netns": path.end.netns, "hook": "end", "decided_by": path.end.at, "result": path.verdict.value.upper(),
           "text": path.end.why, "file": "", "line": ""}


def print_trace(out: Console, host: Host, path: Path) -> None:
    """The whole answer: packet, phases by place, doubts, answers, result."""
    mark = f"  mark {path.start.mark:#x}" if path.start.mark else ""
    line(out, f"packet  {describe_kind(path.start)}  {tuple_text(path.start)}  ttl {path.start.ttl}{mark}", "bold")
    found = list(phases(path))
    result = min(max((len(p.result) for p in found), default=0), _RESULT if out.width >= 100 else _NARROW_RESULT)
    decided = max(16, min(max((len(p.decided) for p in found), default=0), out.width - _INDENT - result - 2))
    place = ""
    for phase in found:
        if phase.netns != place:
            place = phase.netns
            line(out, "")
            line(out, f"in {place_title(host, place)}", "bold")
        _print_phase(out, phase, (3, _HOOK, decided, result))
    _print_rest(out, path)
    line(out, "")
    line(out, path_caption(host, path))
    line(out, _result(path), STYLES[path.verdict.value])


def _print_phase(out: Console, phase: Phase, widths: Sequence[int]) -> None:
    """A line of columns, and below it, as wide as the window allows, the rule's text, its place and what is to be said of it."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text
    grid = Table.grid(padding=(0, 2, 0, 0))
    for number, width in enumerate(widths):
        grid.add_column(width=width, overflow="fold", justify="left" if number else "right")
    style = "bold red" if phase.bad else "bold" if phase.strong else ""
    grid.add_row(str(phase.number), Text(visible(phase.hook)), Text(visible(phase.decided), style="bold" if phase.strong else ""),
                 Text(visible(phase.result), style=style))
    out.print(grid)
    where = f"{phase.file}:{phase.line}" if phase.line else phase.file
    for text, look in ((phase.text, "cyan"), (where, "dim"), (phase.note, "yellow" if phase.bad else "dim")):
        if text:
            out.print(Padding(Text(visible(text), style=look, overflow="fold"), (0, 0, 0, _INDENT), expand=False))


def _print_rest(out: Console, path: Path) -> None:
    for doubt in path.doubts:
        line(out, "")
        line(out, f"{doubt.at}: {doubt_text(doubt)} (--assume {doubt.key}=yes|no)", "yellow")
    for child in path.children:
        line(out, "")
        line(out, f"the kernel answers: {describe_kind(child.start)} {tuple_text(child.start)}: {child.end.why}")


def _result(path: Path) -> str:
    final = path.end.packet
    text = f"result: {path.verdict.value.upper()} ({path.certainty.value}): {path.end.why}"
    if path.final is not None and tuple_text(final) != tuple_text(path.start):
        text += f", as {tuple_text(final)}"
    return text


def _told(step: Step, before: Packet) -> dict[str, Any] | None:
    """One step as the fields of a Phase; None for what is not told."""
    match step:
        case Received():
            start = "made by the kernel" if step.by_kernel else "sent by a process here" if step.local else f"received on {step.interface}"
            return {"hook": "start" if step.local else "in", "decided": start, "result": step.interface or ""}
        case RuleMatched():
            return {"hook": step.hook, "decided": rule_name(step), "result": did(step), "text": step.text, "file": step.file, "line": step.line,
                    "note": doubt_text(step.doubt) if step.doubt is not None else "", "bad": step.verdict == "DROP" or step.doubt is not None}
        case PolicyApplied():
            return {"hook": step.hook, "decided": f"{step.table} {step.chain} policy", "result": step.verdict, "bad": step.verdict == "DROP"}
        case Tracked():
            return {"hook": step.hook, "decided": "conntrack" + (", reply direction" if step.role == "reply" else ""), "result": step.state,
                    "note": step.why}
        case Rewritten():
            by = {"rule": "by the rule above", "conntrack": "by conntrack", "kernel": "by the kernel"}.get(step.by, step.by)
            return {"hook": step.hook, "decided": _changes(step, before), "result": step.kind, "note": "" if step.kind == "TTL" else by,
                    "strong": step.kind != "TTL"}
        case Routed():
            out = f"out {step.out}" if step.type != "local" and step.out else "local" if step.type == "local" else step.type or "no route"
            gateway = f", next hop {step.gateway}" if step.gateway else ""
            return {"hook": "route", "decided": (f"table {step.table}" if step.table else "no route") + gateway, "result": out, "text": step.route,
                    "file": step.file, "line": step.line, "note": step.why}
        case Bridged():
            return {"hook": "bridge", "decided": step.bridge, "result": f"port {step.port}" if step.port else "up to the host", "note": step.why}
        case Crossed():
            return {"hook": "crossing", "decided": f"from {step.from_interface} of {step.from_netns}", "result": f"in {step.interface}"}
        case Sent():
            return {"hook": "out", "decided": f"sent by {step.interface}", "result": step.interface}
        case Begot():
            return {"hook": "copy", "decided": step.why, "result": step.kind}
        case Ended():
            return None
        case _:
            raise AssertionError(step)


def _changes(step: Rewritten, before: Packet) -> str:
    """`destination 203.0.113.10:8080 → 172.17.0.2:80`, and other fields by their names."""
    parts = []
    for word, address, port in (("source", "src", "sport"), ("destination", "dst", "dport")):
        if {address, port} & set(step.before):
            old, new = (endpoint(getattr(packet, address), getattr(packet, port)) for packet in (before, step.packet))
            parts.append(f"{word} {old} → {new}")
    parts += [f"{key} {step.before[key]} → {step.after[key]}" for key in step.before if key not in ("src", "dst", "sport", "dport")]
    return ", ".join(parts)
