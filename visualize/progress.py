"""A progress line for long work, on a terminal only, gone when the work is done. There is one at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")
_PATIENCE = 0.7  # seconds of silence until work without a count is told of
_STEP = 0.05
_SCREEN = Lock()  # held by the line that is shown
_COUNTING = Event()  # a line that counts is shown, or waits for the screen


def counted(items: Iterable[T], word: str, what: str, size: Callable[[T], int]) -> Iterator[T]:
    """The items, their sizes summed up on stderr while they pass, where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _counting(word, what) as (progress, task):
        for item in items:
            progress.advance(task, size(item))
            yield item


def watched(items: Iterable[T], word: str, what: str = "packets", every: int = 500) -> Iterator[T]:
    """The items, counted on stderr while they pass (each `every`th is shown), where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _counting(word, what) as (progress, task):
        for count, item in enumerate(items, 1):
            if count % every == 0:
                progress.update(task, completed=count)
            yield item


@contextmanager
def working(word: str) -> Iterator[None]:
    """Work that has nothing to count: told on stderr, where that is a terminal, once nothing was seen for a while; a count within goes first.

    Nothing may be printed meanwhile.
    """
    if not sys.stderr.isatty():
        yield
        return
    done = Event()
    teller = Thread(target=_tell, args=(word, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(word: str, done: Event) -> None:
    since = monotonic()
    while not done.wait(_STEP):
        if _COUNTING.is_set():
            since = monotonic()
        if monotonic() - since < _PATIENCE:
            continue
        with _line(word, None):
            while not done.wait(_STEP) and not _COUNTING.is_set():
                pass


@contextmanager
def _counting(word: str, what: str) -> Iterator[tuple[Progress, TaskID]]:
    _COUNTING.set()
    try:
        with _line(word, what) as line:
            yield line
    finally:
        _COUNTING.clear()


@contextmanager
def _line(word: str, what: str | None) -> Iterator[tuple[Progress, TaskID]]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    count = "" if what is None else " {task.completed:,} " + what
    columns = (SpinnerColumn(), TextColumn("{task.description}" + count), TimeElapsedColumn())
    screen = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    with _SCREEN, screen as progress:
        yield progress, progress.add_task(word, total=None)
