"""`-m set`: membership in an ipset (set_match_v4 in xt_set.c).

    -A INPUT -m set ! --match-set allowed src,dst -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, Truth, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import not_known
from visualize.netfilter.sets import membership
from visualize.packet.packet import Packet

COUNTERS = ("--packets-eq", "--packets-lt", "--packets-gt", "--bytes-eq", "--bytes-lt", "--bytes-gt")


def set_and_flags(option: Option) -> tuple[str, tuple[str, ...]]:
    """The set's name and its `src`/`dst` for each dimension."""
    if len(option.values) != 2:
        raise BindError(f"{option.name} needs a set and src,dst")
    flags = tuple(option.values[1].split(","))
    if not set(flags) <= {"src", "dst"}:
        raise BindError(f"{option.values[1]!r} is not a list of src and dst")
    return option.values[0], flags


class Set:
    """The bound match."""

    def __init__(self, option: Option, return_nomatch: bool, counters: bool) -> None:
        self.name, self.flags = set_and_flags(option)
        self.negated, self.return_nomatch, self.counters = option.negated, return_nomatch, counters

    def test(self, packet: Packet, here: Here) -> Answer:
        """Whether the packet's element is in the set."""
        answer = membership(self.name, self.flags, packet, here, self.return_nomatch)
        if self.counters and answer.truth is Truth.YES:
            return unknown(f"set {self.name}: an element's counters move with every packet").negate(self.negated)
        if answer.truth is Truth.YES:
            answer = Answer(Truth.YES, f"in set {self.name}")
        return answer.negate(self.negated)


def bind(clause: Clause, family: str) -> Set:
    """Bind `-m set`."""
    found: Option | None = None
    return_nomatch = counters = False
    for option in clause.options:
        match option.name:
            case "--match-set":
                found = option
            case "--return-nomatch":
                return_nomatch = True
            case "--update-counters" | "--update-subcounters":
                pass
            case name if name in COUNTERS:
                counters = True
            case _:
                raise not_known(option)
    if found is None:
        raise BindError("--match-set is missing")
    return Set(found, return_nomatch, counters)
