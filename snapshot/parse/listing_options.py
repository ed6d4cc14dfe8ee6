"""What `listing_matches` and `listing_targets` share: options from what a regular expression found."""

import re
from collections.abc import Callable

from snapshot.host.firewall import Option

Options = tuple[Option, ...]
Make = Callable[[re.Match[str]], Options]


def option(name: str, value: str | None, negated: bool = False) -> Options:
    """An option with its value split at spaces; none where the pattern found no value."""
    return () if value is None else (Option(name, tuple(value.split()) if value else (), negated),)


def signed(name: str, value: str | None) -> Options:
    """An option whose value is printed with a `!` before it."""
    return () if value is None else option(name, value.lstrip("! "), value.startswith("!"))


def simple(name: str, group: str = "value") -> Make:
    """An option whose value is one group of the pattern; its group `no` tells that it is negated."""
    return lambda match: option(name, match[group], bool(match.groupdict().get("no")))


def pairs(prefix: str, text: str) -> Options:
    """`key value key value` as options whose names begin with `prefix`."""
    words = text.split()
    return tuple(Option(prefix + name, (value,)) for name, value in zip(words[::2], words[1::2], strict=False))


def spaced(pattern: str, name: str) -> str:
    """A pattern whose spaces fit any number of spaces: the versions differ in them. A comment's spaces are its own."""
    return pattern if name == "comment" else re.sub(r" (\?)?", lambda m: r"\s*" if m[1] else r"\s+", pattern)
