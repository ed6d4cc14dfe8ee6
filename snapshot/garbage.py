"""Very many objects that stay, and next to no garbage among them: searching them for it would take longer than making them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_garbage(forever: bool = False) -> Iterator[None]:
    """No search while the objects are made; `forever`: they are not searched later either, and are only freed where nothing refers to them."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if forever:
            gc.freeze()
        if searching:
            gc.enable()
