"""Answers that follow from the snapshot alone are worked out once, and kept with the object that was asked.

No answer that a packet, the clock or an earlier packet could change may be kept in this way.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")
_MOST = 65536  # answers kept of one question; some are asked of every address that a capture holds


def lasting(ask: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Decorates a method, or a function whose first argument is the object (a stack): its other arguments are hashable."""
    place = f"lasting {ask.__module__}.{ask.__qualname__}"

    @wraps(ask)
    def asked(owner: S, *args: P.args, **named: P.kwargs) -> R:
        known: dict[Any, R] = owner.__dict__.setdefault(place, {})
        key = (*args, *named.items()) if named else args
        try:
            return known[key]
        except KeyError:
            if len(known) >= _MOST:
                known.clear()
            answer = known[key] = ask(owner, *args, **named)
            return answer

    return cast(Callable[Concatenate[S, P], R], asked)
