"""The table of flows: a row for each where the window is wide enough, else a few lines for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from visualize.draw.quoting import visible
from visualize.draw.words import tuple_text
from visualize.flows import Row
from visualize.terminal.console import STYLES, line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLUMNS = ("flow", "from", "proto", "source > destination", "after NAT", "verdict", "where", "decided by", "packets", "certainty")
_RIGHT = ("flow", "packets")


def print_flows(out: Console, rows: Sequence[Row]) -> None:
    """All flows, and a line that counts them by verdict."""
    cells = [_cells(row) for row in rows]
    widths = _widths(cells)
    if sum(widths.values()) + 2 * (len(widths) - 1) <= out.width:
        _print_table(out, cells, widths)
    else:
        out.print(_stacked(cells))
    counts = Counter(row.fields["verdict"] for row in rows)
    packets = sum(row.fields["packets"] for row in rows)
    line(out, f"{len(rows)} flow{'' if len(rows) == 1 else 's'}, {packets} packet{'' if packets == 1 else 's'}: "
         + (", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "none"))


def _cells(row: Row) -> dict[str, str]:
    fields = row.fields
    moved = fields["nat_src"] is not None
    values = (str(fields["flow"]), row.sender, fields["proto"], _arrow(tuple_text(row.start)), _arrow(tuple_text(row.final)) if moved else "",
              fields["verdict"], row.place, fields["decided_at"], f"{fields['packets']}" + ("" if fields["replied"] else " no reply"),
              fields["certainty"])
    return {name: visible(value) for name, value in zip(_COLUMNS, values, strict=True)}


def _arrow(text: str) -> str:
    return text.replace(" → ", " > ")


def _style(name: str, value: str) -> str:
    if name == "verdict":
        return STYLES[value]
    return "yellow" if name == "certainty" and value != "certain" else ""


def _widths(rows: Sequence[dict[str, str]]) -> dict[str, int]:
    """How many terminal cells each column needs."""
    return {name: max(len(name), *map(_cells_of, column)) if rows else len(name)
            for name in _COLUMNS for column in ([row[name] for row in rows],)}


def _cells_of(text: str) -> int:
    """How many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len
    return cell_len(text)


def _padded(name: str, values: Sequence[str], width: int) -> list[str]:
    """A column's values, filled up to its width."""
    filled = [" " * (width - _cells_of(value)) for value in values]
    return [fill + value if name in _RIGHT else value + fill for fill, value in zip(filled, values, strict=True)]


def _print_table(out: Console, rows: Sequence[dict[str, str]], widths: dict[str, int]) -> None:
    """A line for each row, none wrapped; written by hand, as a rich table of ten thousand rows takes half a minute."""
    from rich.text import Text
    columns = [_padded(name, [name, *(row[name] for row in rows)], widths[name]) for name in _COLUMNS]
    head, *lines = zip(*columns, strict=True)
    if not out.is_terminal:
        out.file.write("\n".join([*("  ".join(cells).rstrip() for cells in (head, *lines)), ""]))
        return
    out.print(Text("  ".join(head), style="bold"))
    for row, cells in zip(rows, lines, strict=True):
        told = Text("  ").join(Text(cell, style=_style(name, row[name])) for name, cell in zip(_COLUMNS, cells, strict=True))
        told.rstrip()
        out.print(told, no_wrap=True, overflow="ignore", crop=False)


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
