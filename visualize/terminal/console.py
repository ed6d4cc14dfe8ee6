"""The console, and lines of text that hold strangers' names."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, cast

from visualize.draw.quoting import visible

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"forwarded": "green", "delivered": "green", "dropped": "bold red", "rejected": "bold red", "looped": "bold red",
          "unknown": "bold yellow"}
PIPE_WIDTH = 1000  # columns where the output is no terminal: rows stay whole, for grep and awk


class _Trimmed:
    """Standard output without the spaces that fill a table's last column."""

    def write(self, text: str) -> int:
        return sys.stdout.write(re.sub(r" +(?=\n)", "", text))

    def flush(self) -> None:
        sys.stdout.flush()


def console() -> Console:
    """Standard output: as wide as the terminal, or as wide as its rows."""
    from rich.console import Console
    if sys.stdout.isatty():
        return Console(highlight=False, soft_wrap=False, emoji=False, markup=False)
    out = cast("IO[str]", _Trimmed())
    return Console(file=out, width=PIPE_WIDTH, highlight=False, soft_wrap=False, emoji=False, markup=False)


def line(out: Console, text: str, style: str = "") -> None:
    """One line, wrapped at words where the window is too narrow."""
    from rich.text import Text
    out.print(Text(visible(text), style=style), overflow="fold")


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV (RFC 4180, but lines end in a newline alone); None is an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: visible(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows)
    return text.getvalue()
