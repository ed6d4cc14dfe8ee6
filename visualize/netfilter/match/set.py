"""`-m set`: membership in an ipset (set_match_v4 in xt_set.c).

    -A INPUT -m set ! --match-set allowed src,dst -j DROP
"""

from dataclasses import replace

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, Truth
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.membership import Counting, membership
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet


def set_and_flags(option: Option) -> tuple[str, tuple[str, ...]]:
    """The set's name and its `src`/`dst` for each dimension."""
    if len(option.values) != 2:
        raise BindError(f"{option.name} needs a set and src,dst")
    flags = tuple(option.values[1].split(","))
    if not set(flags) <= {"src", "dst"}:
        raise BindError(f"{option.values[1]!r} is not a list of src and dst")
    return option.values[0], flags


def _comparison(option: Option) -> tuple[str, int]:
    """`! --packets-eq 5` is ("ne", 5)."""
    operator = option.name.rpartition("-")[2]
    return "ne" if option.negated and operator == "eq" else operator, integer(word(option), 2**64 - 1)


class Set:
    """The bound match."""

    def __init__(self, option: Option, return_nomatch: bool, asked: Counting) -> None:
        self.name, self.flags = set_and_flags(option)
        self.negated, self.return_nomatch, self.asked = option.negated, return_nomatch, asked

    def test(self, packet: Packet, here: Here) -> Answer:
        """Whether the packet's element is in the set."""
        answer = membership(self.name, self.flags, packet, here, self.return_nomatch, self.asked)
        if answer.truth is Truth.YES:
            answer = Answer(Truth.YES, f"in set {self.name}")
        return answer.negate(self.negated)


def bind(clause: Clause, family: str) -> Set:
    """Bind `-m set`."""
    found: Option | None = None
    return_nomatch, asked = False, Counting()
    for option in clause.options:
        match option.name:
            case "--match-set":
                found = option
            case "--return-nomatch":
                return_nomatch = True
            case "--update-counters":
                asked = replace(asked, update=not option.negated)
            case "--update-subcounters":
                pass
            case "--packets-eq" | "--packets-lt" | "--packets-gt":
                asked = replace(asked, packets=_comparison(option))
            case "--bytes-eq" | "--bytes-lt" | "--bytes-gt":
                asked = replace(asked, bytes=_comparison(option))
            case _:
                raise not_known(option)
    if found is None:
        raise BindError("--match-set is missing")
    return Set(found, return_nomatch, asked)
