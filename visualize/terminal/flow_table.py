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
    plain = None if out.is_terminal else plain_table(cells, out.width)
    if plain is not None:
        out.file.write(plain)
    else:
        whole = _table(cells)
        needed = out.measure(whole, options=out.options.update(max_width=10_000)).maximum
        out.print(whole if needed <= out.width else _stacked(cells))
    counts = Counter(row.fields["verdict"] for row in rows)
    line(out, f"{len(rows)} flows, {sum(row.fields['packets'] for row in rows)} packets: "
         + (", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "none"))


def plain_table(rows: Sequence[dict[str, str]], width: int) -> str | None:
    """What rich prints of the table where there is no terminal, in no time also for very many rows; None where it is not that simple."""
    if not all(cell.isascii() for row in rows for cell in row.values()):
        return None
    sizes = [max(map(len, column)) for column in zip(_COLUMNS, *(row.values() for row in rows), strict=True)]
    if sum(sizes) + 2 * len(sizes) > width:
        return None
    form = "  ".join(f"{{:{'>' if name in _RIGHT else '<'}{size}}}" for name, size in zip(_COLUMNS, sizes, strict=True))
    return "".join(form.format(*cells).rstrip(" ") + "\n" for cells in (_COLUMNS, *(row.values() for row in rows)))


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


def _table(rows: Sequence[dict[str, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=True)
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
