"""The table of flows: a row for each where the window is wide enough, else a few lines for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from snapshot.host import Host
from visualize.draw.quoting import visible
from visualize.draw.words import tuple_text
from visualize.flow import Flow, decided_at, ended_in, sender
from visualize.terminal.console import STYLES, line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLUMNS = ("flow", "from", "proto", "source > destination", "after NAT", "verdict", "where", "decided by", "packets", "certainty")


def print_flows(out: Console, host: Host, flows: Sequence[Flow]) -> None:
    """All flows, and a line that counts them by verdict."""
    rows = [_cells(host, flow) for flow in flows]
    whole = _table(rows)
    needed = out.measure(whole, options=out.options.update(max_width=10_000)).maximum
    out.print(whole if needed <= out.width else _stacked(rows))
    counts = Counter(flow.verdict.value for flow in flows)
    line(out, f"{len(flows)} flows, {sum(f.packets for f in flows)} packets: "
         + (", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "none"))


def _cells(host: Host, flow: Flow) -> dict[str, str]:
    path = flow.first
    start, end = path.start, path.end.packet
    moved = (start.src, start.dst, start.sport, start.dport) != (end.src, end.dst, end.sport, end.dport)
    certainties = {use.path.certainty.value for use in (*flow.original, *flow.reply)}
    worst = next((c for c in ("unknown", "assumed") if c in certainties), "certain")
    values = (str(flow.number), sender(host, flow), start.protocol_name, _arrow(tuple_text(start)), _arrow(tuple_text(end)) if moved else "",
              flow.verdict.value, ended_in(flow), decided_at(path), f"{flow.packets}" + ("" if flow.reply else " no reply"), worst)
    return {name: visible(value) for name, value in zip(_COLUMNS, values, strict=True)}


def _arrow(text: str) -> str:
    return text.replace(" → ", " > ")


def _style(name: str, value: str) -> str:
    if name == "verdict":
        return STYLES[value]
    return "yellow" if name == "certainty" and value != "certain" else ""


def _table(rows: Sequence[dict[str, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in ("flow", "packets") else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(value, style=_style(name, value)) for name, value in row.items()))
    return table


def _stacked(rows: Sequence[dict[str, str]]) -> Table:
    """The number, and beside it what happened, wrapped."""
    from rich.table import Table
    from rich.text import Text
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for row in rows:
        told = Text(f"{row['proto']} {row['source > destination']}")
        if row["after NAT"]:
            told.append(f"\nNAT {row['after NAT']}")
        told.append("\n").append(row["verdict"], STYLES[row["verdict"]])
        told.append(f" {row['where']}" if row["where"].startswith(("to ", "out ")) else f" by {row['where']}" if row["where"] else "")
        told.append(f", by {row['decided by']}" if row["decided by"] not in ("", row["where"]) else "")
        packets = row["packets"].replace(" no reply", "")
        quiet = ", no reply" if "no reply" in row["packets"] else ""
        told.append(f", from {row['from']}, {packets} packet{'' if packets == '1' else 's'}{quiet}, ")
        told.append(row["certainty"], _style("certainty", row["certainty"]))
        table.add_row(row["flow"], told)
    return table
