"""Text for the terminal: the overview of a snapshot, the flow table, a packet's trace. rich draws it; colours only on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from snapshot.finding import Finding, Kind
from snapshot.host import Host, Namespace
from visualize.draw.quoting import visible
from visualize.draw.words import describe_kind, place_title, tuple_text
from visualize.flow import Flow, decided_at, ended_in, sender
from visualize.flows import record
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

if TYPE_CHECKING:
    from rich.console import Console

    from visualize.load import Loaded
    from visualize.replay import Source

_STYLES = {"forwarded": "green", "delivered": "green", "dropped": "bold red", "rejected": "bold red", "looped": "bold red",
           "unknown": "bold yellow"}
_PIPE_WIDTH = 200  # columns where the output is no terminal: rows stay whole


def _console() -> Console:
    import sys

    from rich.console import Console
    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else _PIPE_WIDTH, highlight=False, soft_wrap=False, emoji=False, markup=False)


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text
    console.print(Text(visible(text), style=style), overflow="fold")


# -- flows ------------------------------------------------------------------------------------------------------------


def print_flows(loaded: Loaded, flows: Sequence[Flow]) -> None:
    """The table of flows."""
    from rich.table import Table
    from rich.text import Text
    console = _console()
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name, right in (("flow", True), ("from", False), ("proto", False), ("source > destination", False), ("after NAT", False),
                        ("verdict", False), ("where", False), ("decided by", False), ("packets", True), ("certainty", False)):
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=name in ("flow", "proto", "packets"))
    host = loaded.built.host
    for flow in flows:
        row = record(flow)
        nat = tuple_text(flow.first.end.packet).replace(" → ", " > ") if row["nat_src"] is not None else ""
        cells = [str(flow.number), sender(host, flow), row["proto"], tuple_text(flow.first.start).replace(" → ", " > "), nat,
                 row["verdict"], ended_in(flow), decided_at(flow.first), f"{flow.packets}" + ("" if flow.reply else " no reply"),
                 row["certainty"]]
        styles = {5: _STYLES[row["verdict"]], 9: "" if row["certainty"] == "certain" else "yellow"}
        table.add_row(*(Text(visible(cell), style=styles.get(index, "")) for index, cell in enumerate(cells)))
    console.print(table)
    counts: dict[str, int] = {}
    for flow in flows:
        counts[flow.verdict.value] = counts.get(flow.verdict.value, 0) + 1
    _line(console, f"{len(flows)} flows, {sum(f.packets for f in flows)} packets: "
          + (", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "none"))


# -- trace ------------------------------------------------------------------------------------------------------------


def trace_lines(host: Host, path: Path) -> list[tuple[str, str]]:
    """A path as numbered phases: (text, style) for each line."""
    lines: list[tuple[str, str]] = [(f"packet  {describe_kind(path.start)}  {tuple_text(path.start)}  ttl {path.start.ttl}"
                                     + (f"  mark {path.start.mark:#x}" if path.start.mark else ""), "bold")]
    number, place = 0, ""
    for step in path.steps:
        told = _phase(step)
        if told is None:
            continue
        if step.netns != place:
            place = step.netns
            lines += [("", ""), (f"in {place_title(host, place)}", "bold")]
        head, details, style = told
        number += 1
        lines.append((f"{number:3d}  {head}", style))
        lines += [(f"     {detail}", "dim" if detail.startswith(" ") else "") for detail in details]
    for doubt in path.doubts:
        lines += [("", ""), (f"not known: {doubt.at}: {doubt.why}", "yellow"),
                  (f"     assumed: {doubt.assumed}" + (f"; would settle it: {doubt.settle}" if doubt.settle else ""), "")]
    for child in path.children:
        lines += [("", ""), (f"the kernel answers: {describe_kind(child.start)} {tuple_text(child.start)}: {child.end.why}", "")]
    lines += [("", ""), (_result(path), _STYLES[path.verdict.value])]
    return lines


def _result(path: Path) -> str:
    final = path.end.packet
    text = f"result: {path.verdict.value.upper()} ({path.certainty.value}): {path.end.why}"
    if path.final is not None and tuple_text(final) != tuple_text(path.start):
        text += f", as {tuple_text(final)}"
    return text


def _phase(step: Step) -> tuple[str, list[str], str] | None:
    """One step as a phase: heading, details, style."""
    match step:
        case Received():
            return ("made by the kernel" if step.by_kernel else "sent by a process here" if step.local else f"received on {step.interface}"), [], ""
        case RuleMatched():
            verb = {"JUMP": f"to chain {step.target}", "GOTO": f"on to chain {step.target}", "CONTINUE": f"{step.target or 'counted'}, and on"}
            did = verb.get(step.verdict, step.target if step.target not in ("", step.verdict) else step.verdict)
            details = [step.text, f" {step.file}:{step.line}"]
            if step.doubt is not None:
                details.append(f"doubt: {step.doubt.why}")
            return f"{step.hook:<11} {step.table} {step.chain} rule {step.rule}: {did}", details, ""
        case PolicyApplied():
            return f"{step.hook:<11} {step.table} {step.chain} policy: {step.verdict}", [], "bold red" if step.verdict == "DROP" else ""
        case Tracked():
            side = ", reply direction" if step.role == "reply" else ""
            return f"{step.hook:<11} conntrack: {step.state}{side}", [f" {step.why}"] if step.why else [], ""
        case Rewritten():
            pairs = ", ".join(f"{key} {step.before[key]} → {step.after[key]}" for key in step.before)
            by = {"rule": "", "conntrack": " (by conntrack)", "kernel": ""}[step.by]
            return f"{step.hook:<11} {step.kind}{by}: {pairs}", [], "" if step.kind == "TTL" else "bold"
        case Routed():
            out = f"out by {step.out}" if step.out not in (None, "lo") else "to this namespace itself" if step.out else "no way out"
            return f"route       {out}", [f"{step.route}" + (f"  (table {step.table})" if step.table else ""),
                                          *([f" {step.why}"] if step.why else [])], ""
        case Bridged():
            return f"bridge      {step.bridge}: " + (f"to port {step.port}" if step.port else "up to the host"), [f" {step.why}"], ""
        case Crossed():
            return f"veth        {step.from_interface} → {step.interface} of {step.netns}", [], ""
        case Sent():
            return f"sent        by {step.interface}", [], ""
        case Begot():
            return f"copied      {step.why}", [], ""
        case Ended():
            return None
        case _:
            raise AssertionError(step)


def print_trace(host: Host, path: Path) -> None:
    """A packet's way, phase by phase, and what became of it in the last line."""
    console = _console()
    for text, style in trace_lines(host, path):
        _line(console, text, style)


# -- overview ---------------------------------------------------------------------------------------------------------


def overview(loaded: Loaded, captures: Sequence[Source], findings: Iterable[Finding]) -> dict[str, Any]:
    """What `show --format json` prints."""
    host = loaded.built.host
    return {
        "schema": "packetpath-show/1", "snapshot": loaded.raw.source, "hostname": host.hostname, "kernel": host.kernel,
        "namespaces": [{"name": name, "interfaces": len(n.interfaces), "containers": list(n.containers),
                        "tables": sorted({f"{t.family} {t.name} ({t.backend.value})" for t in (*(n.tables4 or ()), *(n.tables6 or ()))}),
                        "connections": len(n.conntrack) if n.conntrack is not None else None} for name, n in host.namespaces.items()],
        "containers": [{"name": c.name, "image": c.image, "mode": c.network_mode, "netns": c.netns, "shares_with": c.shares_with,
                        "addresses": [str(e.address) for e in c.endpoints if e.address]} for c in host.containers],
        "networks": [{"name": n.name, "driver": n.driver, "bridge": n.bridge, "internal": n.internal,
                      "subnets": [str(s) for s in n.subnets]} for n in host.networks],
        "captures": [{"name": c.name, "netns": c.netns, "interface": c.interface or "any"} for c in captures],
        "findings": [{"kind": f.kind.value, "file": f.file, "line": f.line, "text": f.text, "why": f.why} for f in findings],
    }


def print_overview(loaded: Loaded, captures: Sequence[Source], findings: Sequence[Finding]) -> None:
    """What was captured, the topology, what is missing and what that hides."""
    console = _console()
    host = loaded.built.host
    _line(console, f"{loaded.raw.source}: host {host.hostname or '(name unknown)'}" + (f", kernel {host.kernel}" if host.kernel else ""), "bold")
    for name, namespace in host.namespaces.items():
        _line(console, "")
        _line(console, place_title(host, name), "bold")
        for text in _namespace_lines(namespace):
            _line(console, "  " + text)
    _docker_lines(console, host)
    _line(console, "")
    told = ", ".join(f"{c.name} (in {c.netns}, {c.interface or 'any'})" for c in captures)
    _line(console, f"captures: {told or 'none: name one with --pcap, or ask with `packetpath trace`'}")
    _finding_lines(console, findings)


def _namespace_lines(namespace: Namespace) -> list[str]:
    lines = []
    for interface in namespace.interfaces.values():
        addresses = " ".join(f"{a.local}/{a.prefix_length}" for a in interface.addresses)
        parts = [f"{interface.name:<16}", interface.kind or "", "DOWN" if interface.flags and not interface.up else "", addresses]
        if interface.master:
            parts.append(f"port of {interface.master}")
        if interface.peer_netns:
            parts.append(f"veth to {interface.peer_netns}/{interface.peer_name}")
        lines.append(" ".join(part for part in parts if part))
    for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
        rules = sum(len(chain.rules) for chain in table.chains.values())
        lines.append(f"{'IPv4' if table.family == 'ip' else 'IPv6'} table {table.name} ({table.backend.value}): {rules} rules")
    for route in namespace.routes4 or ():
        if route.destination.prefixlen == 0:
            lines.append(f"route {route.text}")
    if namespace.conntrack:
        lines.append(f"{len(namespace.conntrack)} connections were open")
    return lines


def _docker_lines(console: Console, host: Host) -> None:
    if host.networks:
        _line(console, "")
        _line(console, "docker networks", "bold")
    for network in host.networks:
        subnets = " ".join(map(str, network.subnets))
        extra = ", internal" if network.internal else ""
        _line(console, f"  {network.name:<16} {network.driver} {network.bridge or ''} {subnets}{extra}")
    if host.containers:
        _line(console, "")
        _line(console, "containers", "bold")
    for container in host.containers:
        where = f"shares the namespace of {container.shares_with}" if container.shares_with else f"mode {container.network_mode}"
        addresses = " ".join(str(e.address) for e in container.endpoints if e.address)
        ports = " ".join(f"{p.host_address or '*'}:{p.host_port}->{p.container_port}/{p.protocol}" for p in container.ports)
        _line(console, "  " + "  ".join(part for part in (f"{container.name:<16}", container.state, where, addresses, ports) if part))


def _finding_lines(console: Console, findings: Sequence[Finding]) -> None:
    missing = [f for f in findings if f.kind is Kind.MISSING]
    other = [f for f in findings if f.kind is not Kind.MISSING]
    for title, group in (("findings", other), ("not captured", missing)):
        if group:
            _line(console, "")
            _line(console, title, "bold")
        for finding in group:
            where = f"{finding.file}:{finding.line}" if finding.line else finding.file
            _line(console, f"  {where}: {finding.why}" + (f"  [{finding.text}]" if finding.text else ""))


