"""The table of flows: a row for each where the window is wide enough, else a few lines for each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from visualize.draw.quoting import visible
from visualize.draw.words import tuple_text
from visualize.flow import Ends
from visualize.rows import ENDS, Block, FlowTable
from visualize.terminal.console import PIPE_WIDTH, STYLES, console, line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment
    from rich.table import Table

Cells = dict[str, list[str]]  # what is printed of a block of flows: a list for each of _COLUMNS

_COLUMNS = ("flow", "from", "proto", "source > destination", "after NAT", "verdict", "where", "decided by", "packets", "certainty")
_RIGHT = ("flow", "packets")
_HEAD: Cells = {name: [name] for name in _COLUMNS}
_HELD = 4  # blocks whose cells are kept between measuring and printing


def print_flows(table: FlowTable, out: Console | None = None) -> None:
    """All flows, and a line that counts them by verdict. `out` None: standard output, which needs no console where it is no terminal."""
    totals = _Totals()
    blocks = iter(table)
    held = list(islice(totals.watch(blocks), _HELD))
    more = sum(1 for _ in totals.watch(blocks))
    cells = chain(held, map(_cells, islice(table, _HELD, None)) if more else ())
    widths = totals.widths
    wide = sum(widths.values()) + 2 * (len(widths) - 1)
    if out is None and not sys.stdout.isatty() and wide <= PIPE_WIDTH:
        sys.stdout.writelines(_lines(one, widths) for one in chain([_HEAD], cells))
        sys.stdout.write(f"{totals}\n")
        return
    out = out or console()
    if wide <= out.width:
        _print_table(out, cells, widths)
    else:
        for one in cells:
            out.print(_stacked(one))
    line(out, str(totals))


class _Totals:
    """What has to be known of all flows before the first is printed, and what is told in the end."""

    def __init__(self) -> None:
        self.widths = {name: len(name) for name in _COLUMNS}  # how many terminal cells each column needs
        self.verdicts: Counter[str] = Counter()
        self.packets = 0

    def watch(self, table: Iterable[Block]) -> Iterator[Cells]:
        """The cells of each block, taken into account."""
        for block in table:
            cells = _cells(block)
            self.widths = {name: max(self.widths[name], max(_sizes(column), default=0)) for name, column in cells.items()}
            self.verdicts.update(cells["verdict"])
            self.packets += sum(block.columns["packets"])
            yield cells

    def __str__(self) -> str:
        flows, packets, verdicts = self.verdicts.total(), self.packets, sorted(self.verdicts.items())
        told = ", ".join(f"{number} {word}" for word, number in verdicts) or "none"
        return f"{flows} flow{'' if flows == 1 else 's'}, {packets} packet{'' if packets == 1 else 's'}: {told}"


def _cells(block: Block) -> Cells:
    columns = block.columns
    shown = cache(visible)
    return dict(zip(_COLUMNS, (
        list(map(str, columns["flow"])), list(map(shown, columns["sender"])), columns["proto"],
        _arrows(*(columns[name] for name in ENDS)), _arrows(*(columns[name] for name in ENDS.values())),
        columns["verdict"], list(map(shown, columns["place"])), list(map(shown, columns["decided_at"])),
        [f"{packets}" if replied else f"{packets} no reply" for packets, replied in zip(columns["packets"], columns["replied"], strict=True)],
        columns["certainty"]), strict=True))


def _arrows(src: list[Any], sport: list[Any], dst: list[Any], dport: list[Any], icmp: list[Any]) -> list[str]:
    """From whom to whom: `172.17.0.2:40001 > 198.51.100.80:80`; nothing where there are no ends."""
    return ["" if a is None else f"{a}:{one} > {b}:{other}" if other is not None and "." in a else _arrow(Ends(a, b, one, other, number))
            for a, one, b, other, number in zip(src, sport, dst, dport, icmp, strict=True)]


def _arrow(ends: Ends) -> str:
    """The same for any ends."""
    return tuple_text(ends).replace(" → ", " > ")


def _style(name: str, value: str) -> str:
    if name == "verdict":
        return STYLES[value]
    return "yellow" if name == "certainty" and value != "certain" else ""


def _sizes(column: list[str]) -> Iterable[int]:
    """How many terminal cells each text takes."""
    if "".join(column).isascii():
        return map(len, column)
    from rich.cells import cell_len
    return map(cell_len, column)


def _padded(name: str, column: list[str], width: int) -> list[str]:
    """A column's values, filled up to its width."""
    widths = [width - size + len(value) for size, value in zip(_sizes(column), column, strict=True)]
    return list(map(str.rjust if name in _RIGHT else str.ljust, column, widths))


def _filled(cells: Cells, widths: dict[str, int]) -> Iterator[tuple[str, ...]]:
    """The cells of each row, filled up to their columns' widths but for the last one, which nothing follows."""
    columns = [_padded(name, column, widths[name] if name != _COLUMNS[-1] else 0) for name, column in cells.items()]
    return zip(*columns, strict=True)


def _lines(cells: Cells, widths: dict[str, int]) -> str:
    """A line for each row, none wrapped."""
    return "".join(f"{row}\n" for row in map("  ".join, _filled(cells, widths)))


def _print_table(out: Console, parts: Iterable[Cells], widths: dict[str, int]) -> None:
    """The same in colours; by segments, as a rich table of ten thousand rows takes half a minute."""
    from rich.segment import Segments
    from rich.text import Text
    out.print(Text(_lines(_HEAD, widths).rstrip(), style="bold"), no_wrap=True, overflow="ignore", crop=False)
    for cells in parts:
        out.print(Segments(_styled(cells, _filled(cells, widths))), end="", crop=False)


def _styled(cells: Cells, filled: Iterable[tuple[str, ...]]) -> Iterator[Segment]:
    """A block's rows in colours."""
    from rich.segment import Segment
    from rich.style import Style
    style = cache(Style.parse)
    for values, texts in zip(zip(*cells.values(), strict=True), filled, strict=True):
        for name, value, text in zip(_COLUMNS, values, texts, strict=True):
            yield Segment(text, style(_style(name, value)))
            yield Segment("\n" if name == _COLUMNS[-1] else "  ")


def _stacked(cells: Cells) -> Table:
    """The number, and beside it what happened, wrapped."""
    from rich.table import Table
    from rich.text import Text
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for values in zip(*cells.values(), strict=True):
        row = dict(zip(_COLUMNS, values, strict=True))
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
