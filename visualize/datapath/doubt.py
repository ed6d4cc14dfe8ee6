"""Doubts: the questions that a snapshot can't answer, the default taken, and answers that the user gave (`--assume`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from visualize.netfilter.answer import Answer
from visualize.path import Doubt


@dataclass(slots=True)
class Doubts:
    """Settles the questions of one packet's journey and keeps them. `assumptions` maps a doubt's key to yes or no."""

    assumptions: Mapping[str, bool] = field(default_factory=dict)
    asked: dict[tuple[str, str], Doubt] = field(default_factory=dict)

    def settle(self, at: str, answer: Answer) -> tuple[bool, Doubt]:
        """Take the user's assumption for this place, else the default; record the doubt once for each place and reason."""
        key = at.replace(" ", ".")
        given = self.assumptions.get(key)
        taken = answer.default if given is None else given
        weak = answer.weak and given is None
        doubt = Doubt(at, answer.why, "yes" if taken else "no", answer.settle or f"--assume {key}=yes|no", weak)
        self.asked[(at, answer.why)] = doubt
        return taken, doubt

    def note(self, at: str, why: str, assumed: str, settle: str = "", weak: bool = False, by_chance: bool = False, visible: bool = False) -> Doubt:
        """Record a doubt that has no yes or no: what was assumed is said in words."""
        doubt = Doubt(at, why, assumed, settle, weak, by_chance, visible)
        self.asked[(at, why)] = doubt
        return doubt

    def all(self) -> tuple[Doubt, ...]:
        """Every doubt, in the order in which they arose."""
        return tuple(self.asked.values())
