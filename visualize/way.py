"""A way through the machine: the path that one packet took, which others take, too, and what follows from it for all of them."""

from collections.abc import Callable
from typing import Any, TypeVar

from snapshot.host.quick import copier
from visualize.packet.packet import Packet, but
from visualize.path import Begot, Doubt, Path, Step

T = TypeVar("T")
# What decides of a packet, and is equal for all that take one way; the other fields (length, sequence numbers, bytes) are each packet's own.
KEYED = ("src", "dst", "protocol", "ttl", "tos", "sport", "dport", "icmp_type", "icmp_code", "icmp_id", "dont_fragment", "more_fragments",
         "fragment_offset", "header_length", "extension_headers", "flow_label", "src_mac", "dst_mac", "mark")


class Way:
    """A path and its consequences, each worked out once for all packets that take it."""

    __slots__ = ("_changes", "_known", "flow", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.flow: tuple[int, str, Any] | None = None  # of its packets, as the replay numbers them: number, role, connection
        self._known: dict[Callable[[Path], Any], Any] = {}
        self._changes: list[dict[str, Any]] | None = None

    def once(self, derive: Callable[[Path], T]) -> T:
        """What `derive` makes of the path, which must follow from what its packets have in common."""
        if derive not in self._known:
            self._known[derive] = derive(self.path)
        found: T = self._known[derive]
        return found

    def taken_by(self, start: Packet, doubts: tuple[Doubt, ...]) -> Path:
        """The path of another packet that takes this way: the same steps, with its own fields where no step changed them."""
        model = self.path
        if start is model.start:
            return model if doubts is model.doubts else _with(model, doubts=doubts)
        if self._changes is None:
            self._changes = [changes(model.start, step.packet) for step in model.steps]
        made: dict[int, Packet] = {id(model.start): start}
        steps: list[Step] = []
        for step, changed in zip(model.steps, self._changes, strict=True):
            packet = made.get(id(step.packet))
            if packet is None:
                packet = made[id(step.packet)] = but(start, **changed)
            steps.append(_step(step, packet=packet, child=packet) if isinstance(step, Begot) else _step(step, packet=packet))
        return Path(start, tuple(steps), doubts, model.decided_by, model.state, model.role)


def changes(before: Packet, after: Packet) -> dict[str, Any]:
    """The keyed fields that differ, with their later values."""
    if before is after:
        return {}
    return {name: getattr(after, name) for name in KEYED if getattr(before, name) != getattr(after, name)}


_COPIERS: dict[type[Step], Callable[..., Step]] = {}


def _step(step: Step, **changed: Any) -> Step:
    copy = _COPIERS.get(type(step))
    if copy is None:
        copy = _COPIERS[type(step)] = copier(type(step))
    return copy(step, **changed)


_with = copier(Path)
