"""A progress line for long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")


def counted(items: Iterable[T], word: str, what: str, size: Callable[[T], int]) -> Iterator[T]:
    """The items, their sizes summed up on stderr while they pass, where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _line(word, what) as (progress, task):
        for item in items:
            progress.advance(task, size(item))
            yield item


def watched(items: Iterable[T], word: str, what: str = "packets", every: int = 500) -> Iterator[T]:
    """The items, counted on stderr while they pass (each `every`th is shown), where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _line(word, what) as (progress, task):
        for count, item in enumerate(items, 1):
            if count % every == 0:
                progress.update(task, completed=count)
            yield item


@contextmanager
def _line(word: str, what: str) -> Iterator[tuple[Progress, TaskID]]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,} " + what), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress, progress.add_task(word, total=None)
