"""Very many objects that stay, and next to no garbage among them: searching them for it would take longer than making them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_garbage(forever: bool = False) -> Iterator[None]:
    """No search while the objects are made; `forever`: they are not searched later either, and are only freed where nothing refers to them.

    What is made later of what stays forever is searched seldom: a replay holds hundreds of thousands of records for a second each.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if forever:
            gc.freeze()
            gc.set_threshold(200_000, 20, 100)
        if searching:
            gc.enable()
