"""Names and their stand-ins: each name is renamed alike wherever it stands; the new ones say what kind of thing they name."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from snapshot.parse.ip_route import table_number


class Kind(Enum):
    """What a name names; the value is what its stand-in begins with."""

    HOST = "hostname"
    EARLY = "container"  # a container or namespace whose name sorts before `host`: files keep their order
    LATE = "namespace"  # one that sorts behind it
    IMAGE = "image"
    NETWORK = "network"
    ALIAS = "alias"
    DOMAIN = "domain"
    SET = "set"
    CHAIN = "CHAIN"
    TABLE = "table"
    OBJECT = "object"
    COMMENT = "comment"
    LOG = "log"
    LIST = "list"
    STRING = "string"
    USER = "user"
    PROCESS = "process"
    ROUTES = "rtable"
    TEXT = "text"
    INTERFACE = "nic"


@dataclass(slots=True)
class Words:
    """The names of a snapshot. `give` all of them before the first is asked for, so that their order tells nothing new."""

    taken: dict[tuple[Kind, str], str] = field(default_factory=dict)
    avoid: frozenset[str] = frozenset()  # words of the snapshot that look like stand-ins: it was redacted before
    _back: dict[str, str] = field(default_factory=dict)
    _count: "Counter[Kind]" = field(default_factory=Counter)
    _pattern: "re.Pattern[str] | None" = None

    def give(self, kind: Kind, names: Iterable[str]) -> None:
        """Give each of these names a stand-in, in sorted order."""
        for name in sorted(set(names)):
            self(kind, name)

    def __call__(self, kind: Kind, name: str) -> str:
        """The stand-in of a name."""
        if not name:
            return name
        found = self.taken.get((kind, name))
        if found is None:
            number = self._count[kind] + 1
            while _stand_in(kind, number) in self.avoid:
                number += 1
            found = _stand_in(kind, number)
            self.keep(kind, name, found)
        return found

    def keep(self, kind: Kind, name: str, new: str) -> None:
        """Remember a stand-in."""
        self.taken[(kind, name)] = new
        self._back[new] = name
        if kind is Kind.ROUTES:  # a table that is known by name only gets a number that is made of it
            self._back[str(table_number(new))] = str(table_number(name))
        self._count[kind] = max(self._count[kind], int(re.findall(r"\d+", new)[-1]))
        self._pattern = None

    def known(self, kind: Kind, name: str) -> str:
        """The stand-in if the name has one of this kind, else the name itself."""
        return self.taken.get((kind, name), name)

    def back(self, text: str) -> str:
        """A text with the names in it put back."""
        if not self._back:
            return text
        if self._pattern is None:
            ends = {new: "" if new.startswith(Kind.INTERFACE.value) else r"(?!\w)" for new in sorted(self._back, key=len, reverse=True)}
            self._pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(new)}{end}" for new, end in ends.items()))
        return self._pattern.sub(lambda match: self._back[match[0]], text)


def _stand_in(kind: Kind, number: int) -> str:
    return f"{kind.value}{number}x" if kind is Kind.INTERFACE else f"{kind.value}-{number:03d}"


_LIKE = re.compile(r"(?<![\w-])(?:nic\d+x|(?:" + "|".join(kind.value for kind in Kind) + r")-\d{3,})")


def look_alikes(text: str) -> set[str]:
    """Words of a text that look like stand-ins."""
    return set(_LIKE.findall(text))
