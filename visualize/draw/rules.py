"""What a walk through one hook comes to: which rules mattered, which only led there, and which chains decided nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from visualize.draw.words import DECIDES
from visualize.path import PolicyApplied, RuleMatched

Walked = RuleMatched | PolicyApplied


@dataclass(frozen=True, slots=True)
class Folded:
    """`kept` are the rules that decided or changed something, the jumps that led to them and policies that drop; `idle` are chains that
    were entered and decided nothing, in order; `accepted` are base chains whose policy let the packet through, as `filter FORWARD`."""

    kept: tuple[Walked, ...]
    idle: tuple[str, ...]
    accepted: tuple[str, ...]


def matters(step: Walked) -> bool:
    """Whether a step decided, changed or doubts something by itself."""
    if isinstance(step, PolicyApplied):
        return step.verdict != "ACCEPT"
    return step.verdict in DECIDES or step.doubt is not None or (step.verdict == "CONTINUE" and step.target != "")


def fold(steps: Sequence[Walked]) -> Folded:
    """Tell what mattered in one hook's walk."""
    needed: set[int] = set()
    entered: list[int] = []  # indexes of the jumps whose chains we are in
    idle_at: dict[int, str] = {}
    for index, step in enumerate(steps):
        while entered and not _inside(steps, entered[-1], step):
            entered.pop()
        if matters(step):
            needed |= {index, *entered}
        if isinstance(step, RuleMatched) and step.verdict in ("JUMP", "GOTO"):
            entered.append(index)
            idle_at[index] = step.target
    kept = tuple(step for index, step in enumerate(steps) if index in needed)
    idle = tuple(dict.fromkeys(name for index, name in idle_at.items() if index not in needed))
    accepted = tuple(dict.fromkeys(f"{s.table} {s.chain}" for s in steps if isinstance(s, PolicyApplied) and s.verdict == "ACCEPT"))
    return Folded(kept, idle, accepted)


def _inside(steps: Sequence[Walked], jump: int, step: Walked) -> bool:
    """Whether a step stands in the chain that this jump entered."""
    entry = steps[jump]
    return isinstance(step, RuleMatched) and isinstance(entry, RuleMatched) and (step.table, step.chain) == (entry.table, entry.target)
