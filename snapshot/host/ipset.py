"""IP sets as `ipset save` prints them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SetEntry:
    """One `add` line: the element as text (`10.0.0.0/8,tcp:80`) and its options (`nomatch`, `timeout`, `comment`)."""

    element: str
    options: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class IpSet:
    """One `create` line with its entries. `type` is e.g. `hash:ip`; `family` "inet", "inet6" or None (mac, list, bitmap)."""

    name: str
    type: str
    family: str | None
    options: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[SetEntry, ...] = ()
    file: str = ""
    line: int = 0
