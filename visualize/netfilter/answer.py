"""Three-valued truth (Kleene): what a match says of a packet when the snapshot may not tell."""

from dataclasses import dataclass
from enum import IntEnum

from snapshot.host.quick import quick


class Truth(IntEnum):
    """NO < UNKNOWN < YES, so that AND is min and OR is max."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    def negate(self, negated: bool = True) -> "Truth":
        """NOT is 2 - x; `negated=False` leaves it alone."""
        return Truth(2 - self) if negated else self


@quick
@dataclass(frozen=True, slots=True)
class Answer:
    """A truth with its reason.

    For UNKNOWN: `default` is what is assumed, `settle` what would settle it, and `weak` tells that the default is no better than its
    opposite. `hotdrop` tells that the match drops the packet itself (the kernel's par->hotdrop), whatever the rule's target is; with
    YES the rule may match (and count) before that, but not in nft's tables.
    """

    truth: Truth
    why: str = ""
    default: bool = False
    settle: str = ""
    weak: bool = False
    hotdrop: bool = False

    def negate(self, negated: bool = True) -> "Answer":
        """The answer behind a `!`: applied before anything is decided, so the default turns too."""
        if not negated:
            return self
        return Answer(self.truth.negate(), self.why, not self.default, self.settle, self.weak, self.hotdrop)


_YES = Answer(Truth.YES)


def yes(why: str = "") -> Answer:
    """It matches."""
    return Answer(Truth.YES, why) if why else _YES


def no(why: str) -> Answer:
    """It does not match, for this reason."""
    return Answer(Truth.NO, why)


def unknown(why: str, default: bool = False, settle: str = "", weak: bool = True) -> Answer:
    """The snapshot can't tell."""
    return Answer(Truth.UNKNOWN, why, default, settle, weak)


def decide(value: bool, why: str, negated: bool = False) -> Answer:
    """YES or NO from a plain comparison; `why` is for the NO, `negated` turns it."""
    return _YES if value != negated else Answer(Truth.NO, why)


def every(answers: "list[Answer]") -> Answer:
    """AND: the first NO decides; else the UNKNOWNs are put together (assumed YES only where all of them would be)."""
    open_questions = []
    for answer in answers:
        if answer.truth is Truth.NO:
            return answer
        if answer.truth is Truth.UNKNOWN:
            open_questions.append(answer)
    if not open_questions:
        return _YES
    if len(open_questions) == 1:
        return open_questions[0]
    return Answer(Truth.UNKNOWN, "; ".join(a.why for a in open_questions), all(a.default for a in open_questions),
                  "; ".join(a.settle for a in open_questions if a.settle), any(a.weak for a in open_questions))
