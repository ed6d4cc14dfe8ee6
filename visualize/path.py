"""The record of one packet's way: steps, ends, doubts.  It joins the two halves: the datapath writes it, drawing reads it.

A `Path` refuses to be wrong: the packet after a step is the packet before the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from typing import Any

from snapshot.host.quick import quick
from visualize.packet.packet import Packet

_HEADERS = tuple(f.name for f in fields(Packet) if f.name not in ("raw", "inner", "src_mac", "dst_mac"))
_headers = attrgetter(*_HEADERS)


class Verdict(Enum):
    """What became of a packet."""

    FORWARDED = "forwarded"  # left the machine's modelled part by an interface
    DELIVERED = "delivered"  # to a socket or a namespace's stack
    DROPPED = "dropped"  # silently
    REJECTED = "rejected"  # dropped, and an answer was sent
    LOOPED = "looped"  # passed the same hook too many times
    UNKNOWN = "unknown"


class Certainty(Enum):
    """How far a path can be trusted."""

    CERTAIN = "certain"  # everything that decided was captured
    ASSUMED = "assumed"  # a doubt was settled by its default, or by --assume
    UNKNOWN = "unknown"  # the default is no better than its opposite


@quick
@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that the snapshot can't tell and that decides here.

    `at` names the place (`filter FORWARD 3`), `why` the reason, `assumed` the answer taken, `settle` what would settle it.
    `weak` marks a doubt whose default is no better than its opposite (the path is then *unknown*, not *assumed*).
    `key` is stable across runs and names the doubt for `--assume`.
    """

    at: str
    why: str
    assumed: str
    settle: str = ""
    weak: bool = False
    by_chance: bool = False  # the kernel drew lots (a NAT port): a later sighting may tell what it drew
    visible: bool = False  # another answer would have shown in a capture that saw every predicted hop

    @property
    def key(self) -> str:
        """What `--assume KEY=yes|no` takes: the place, with dots."""
        return self.at.replace(" ", ".")


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `packet` is the packet *after* it; `netns` where it happened."""

    netns: str
    packet: Packet


@quick
@dataclass(frozen=True, slots=True)
class Received(Step):
    """The packet was taken from an interface (or, with `local`, from a process of this namespace)."""

    interface: str | None
    local: bool = False
    by_kernel: bool = False  # local, and made by the kernel because of another packet


@quick
@dataclass(frozen=True, slots=True)
class RuleMatched(Step):
    """A rule matched: its counter moved. `verdict` is ACCEPT, DROP, RETURN, CONTINUE, JUMP, GOTO, QUEUE, REJECT or STOLEN."""

    hook: str
    family: str  # ip | ip6
    backend: str  # legacy | nft | unknown
    table: str
    chain: str
    rule: int
    file: str
    line: int
    text: str
    target: str  # "" for a rule without one
    verdict: str
    doubt: Doubt | None = None


@quick
@dataclass(frozen=True, slots=True)
class PolicyApplied(Step):
    """A base chain came to its end, and its policy decided (also after RETURN from the base chain)."""

    hook: str
    family: str
    backend: str
    table: str
    chain: str
    verdict: str  # ACCEPT | DROP


@quick
@dataclass(frozen=True, slots=True)
class Tracked(Step):
    """Connection tracking looked at the packet. `state` NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED; `role` original|reply."""

    hook: str
    state: str
    role: str
    why: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Rewritten(Step):
    """Headers changed. `kind`: DNAT, SNAT, MASQUERADE, REDIRECT, un-DNAT, un-SNAT, MARK, TTL, TOS, ...

    `by` is rule, conntrack or kernel.

    `before`/`after` hold just the fields that changed, addresses as text. The packet after is `packet`.
    """

    hook: str
    kind: str
    by: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    why: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Routed(Step):
    """A routing decision. `route` is the route's text, `table` its table's name, `out` the interface (None: no way out)."""

    table: str
    route: str
    type: str  # unicast, local, ...
    out: str | None
    gateway: str | None = None
    rule: str = ""  # the policy rule's text
    why: str = ""
    file: str = ""
    line: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Bridged(Step):
    """A bridge decided. `port` is the port it leaves by; None: up to the host's stack. `why`: fdb, flood, local, hairpin ..."""

    bridge: str
    port: str | None
    why: str


@quick
@dataclass(frozen=True, slots=True)
class Crossed(Step):
    """Over a veth pair into another namespace (`netns`/`interface` are where it arrives)."""

    from_netns: str
    from_interface: str
    interface: str


@quick
@dataclass(frozen=True, slots=True)
class Sent(Step):
    """Handed to an interface for sending (where a capture would see it going out)."""

    interface: str


@quick
@dataclass(frozen=True, slots=True)
class Begot(Step):
    """This step begot another packet (REJECT's answer, an ICMP error, a flooded copy); `child` describes it."""

    kind: str
    child: Packet | None
    why: str
    interface: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Ended(Step):
    """The last step. `interface` is where it left or was delivered; `why` is a sentence for people."""

    verdict: Verdict
    interface: str | None
    why: str
    socket: str | None = None  # the listener or container it was delivered to, where known
    at: str = ""  # the rule or the place that dropped it


class Evidence(Enum):
    """What a capture says of a predicted sighting."""

    SEEN = "seen"
    NOT_SEEN = "not seen"
    CONTRADICTED = "contradicted"


@quick
@dataclass(frozen=True, slots=True)
class Sighting:
    """One frame that showed the replayed packet at another place, or a predicted place where no frame was (packet None)."""

    packet: int | None  # its number in the capture, from 1
    interface: str
    state: Evidence
    outgoing: bool = False
    netns: str = "host"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One packet's way from its first step to its `Ended`, with what it was at the start.

    Raises ValueError when it is made without an end, or where the packet changes between two steps.
    """

    start: Packet
    steps: tuple[Step, ...]
    doubts: tuple[Doubt, ...] = ()
    decided_by: tuple[str, ...] = ()
    state: str = ""  # the first conntrack state in the namespace where it began
    role: str = "original"
    children: tuple["Path", ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        """Refuse a path that has no end, or whose packet changes without a step that says so."""
        if not self.steps or not isinstance(self.steps[-1], Ended):
            raise ValueError("a path must end with Ended")
        before = self.start
        for step in self.steps:
            if step.packet is not before and not isinstance(step, Rewritten) and _headers(before) != _headers(step.packet):
                raise ValueError(f"the packet changed without a rewrite before {type(step).__name__}")
            before = step.packet

    @property
    def end(self) -> Ended:
        """The last step."""
        last = self.steps[-1]
        assert isinstance(last, Ended)
        return last

    @property
    def verdict(self) -> Verdict:
        """What became of the packet."""
        return self.end.verdict

    @property
    def certainty(self) -> Certainty:
        """How sure it is."""
        return certainty(self.verdict, self.doubts)

    @property
    def final(self) -> Packet | None:
        """The packet where it ended, after every rewrite; None where it was dropped."""
        if self.end.verdict in (Verdict.DROPPED, Verdict.REJECTED, Verdict.LOOPED):
            return None
        return self.end.packet


def certainty(verdict: Verdict, doubts: tuple[Doubt, ...]) -> Certainty:
    """Certain without doubts; unknown where a doubt is weak or the end is."""
    if verdict is Verdict.UNKNOWN or any(doubt.weak for doubt in doubts):
        return Certainty.UNKNOWN
    return Certainty.ASSUMED if doubts else Certainty.CERTAIN


def changed_fields(before: Packet, after: Packet) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header fields that differ, as two mappings (addresses as text)."""
    changed = [name for name, was, now in zip(_HEADERS, _headers(before), _headers(after), strict=True) if was != now]

    def pick(packet: Packet) -> dict[str, Any]:
        return {name: (str(value) if name in ("src", "dst") else value.hex() if isinstance(value, bytes) else value)
                for name in changed for value in (getattr(packet, name),)}

    return pick(before), pick(after)
