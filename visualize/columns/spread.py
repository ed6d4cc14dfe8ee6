"""Chunks digested elsewhere: by threads of this process, or by the workers of a Dask cluster. Folded in here, in the order of the file.

NumPy leaves Python's lock alone while it computes, so threads use as many cores. A part carries its own bytes, so a worker of a cluster
needs no file. It overlaps the part before by a window, in which both find the same place to
cut; so no part waits for another, and one that is lost with its worker is digested again by the next.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from visualize.columns import frames
from visualize.columns.chunk import FRAMES, Chunk, Giver
from visualize.columns.digest import Digest, Recipe, nothing
from visualize.columns.links import Known, cut, window


class Part(NamedTuple):
    """Some of a capture."""

    chunk: Chunk
    before: int  # frames that the part before has too; where to begin among them is found as that one finds its end
    after: int  # frames that the part behind has too (0: there is none)


class Future(Protocol):
    """What will be there."""

    def result(self) -> Digest:
        """Wait for it."""
        ...


Submit = Callable[[Part], Future]


def parts(giver: Giver) -> Iterator[Part]:
    """A capture in overlapping parts."""
    where, first, before = giver.start, 0, 0
    while True:
        chunk = giver.chunk(where, first)
        count = len(chunk.starts)
        if not count:
            return
        after = 0 if chunk.last else min(window(count), max(count - before, 0))
        yield Part(chunk.upto(count), before, after)
        if chunk.last:
            return
        before = after
        where, first = giver.after(chunk, count - before), first + count - before


def digest(recipe: Recipe, part: Part, known: Known = nothing) -> Digest:
    """Digest a part: what a worker does."""
    chunk = part.chunk
    if part.before:
        shared = frames.read(chunk._replace(starts=chunk.starts[:part.before]))
        skipped = cut(shared.same)
        chunk = chunk._replace(starts=chunk.starts[skipped:], first=chunk.first + skipped)
    return recipe.digest(chunk, part.after, known)


def ordered(giver: Giver, submit: Submit, ahead: int) -> Iterator[Digest]:
    """The digests in the order of the file, `ahead` of them under way."""
    waiting: deque[Future] = deque()
    for part in parts(giver):
        waiting.append(submit(part))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class Spread(Protocol):
    """A way to have digests made."""

    def __call__(self, recipe: Recipe, giver: Giver, known: Known) -> Iterator[Digest]:
        """All digests of a capture, in order. `known`: what need not be told of links."""
        ...


def threads(jobs: int) -> Spread:
    """By so many threads. The more there are, the smaller the chunks (down to a size below which they cost time): memory stays about the same."""
    def spread(recipe: Recipe, giver: Giver, known: Known) -> Iterator[Digest]:
        giver.frames = min(giver.frames, max(FRAMES // jobs, FRAMES // 4))
        with ThreadPoolExecutor(jobs) as pool:
            yield from ordered(giver, lambda part: pool.submit(digest, recipe, part, known), jobs)

    return spread


@contextmanager
def cluster(address: str) -> Iterator[Spread]:
    """By the workers of a Dask cluster, whose scheduler stands at `address` (`tcp://host:8786`)."""
    from distributed import Client
    with Client(address) as client:  # type: ignore[no-untyped-call]
        def spread(recipe: Recipe, giver: Giver, known: Known) -> Iterator[Digest]:
            shared: Any = client.scatter(recipe, broadcast=True)
            many = max(1, sum(client.nthreads().values()))
            return ordered(giver, lambda part: client.submit(digest, shared, part, pure=False, retries=3), 2 * many)

        yield spread
