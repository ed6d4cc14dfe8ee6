"""A progress line for long work, on a terminal only."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def watched(items: Iterable[T], word: str, what: str = "packets", every: int = 500) -> Iterator[T]:
    """The items, counted on stderr while they pass (each `every`th is shown), where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,} " + what), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(word, total=None)
        for count, item in enumerate(items, 1):
            if count % every == 0:
                progress.update(task, completed=count)
            yield item
