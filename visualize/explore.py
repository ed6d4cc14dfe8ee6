"""Which doubts matter: a packet's way (or a whole replay) run again with the answers of its doubts turned, and what then differs.

The datapath is pure, so an answer is turned by `--assume`. Two ways are the same where the same rules match in the same order, the
verdict is the same, and the packet leaves by the same interface in the same form.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from visualize.draw.quoting import terminal
from visualize.line import out_interface, packet_record
from visualize.path import Doubt, Path, PolicyApplied, RuleMatched

CAP = 64  # runs
Signature = tuple[object, ...]
Answers = Mapping[str, bool]


def signature(path: Path) -> Signature:
    """What makes a way: rules and policies in order, verdict, interface, form."""
    places = tuple((step.netns, step.hook, step.family, step.backend, step.table, step.chain, getattr(step, "rule", 0), step.verdict)
                   for step in path.steps if isinstance(step, RuleMatched | PolicyApplied))
    final = path.final
    return places, *fate(path), tuple(packet_record(final).items()) if final is not None else ()


def fate(path: Path) -> tuple[str, str | None]:
    """Verdict and interface."""
    return path.verdict.value, out_interface(path)


def turned(doubt: Doubt) -> bool | None:
    """The other answer; None for a doubt that has no yes or no."""
    return {"yes": False, "no": True}.get(doubt.assumed)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the answers that differ from what was assumed first, and the way."""

    answers: frozenset[tuple[str, bool]]
    path: Path

    def options(self) -> str:
        """`--assume KEY=yes ...`."""
        return " ".join(f"--assume {key}={'yes' if value else 'no'}" for key, value in sorted(self.answers))


@dataclass(slots=True)
class Exploration:
    """All runs, the first one as assumed; `capped` where there would have been more."""

    runs: list[Run] = field(default_factory=list)
    capped: bool = False

    def outcomes(self) -> list[Run]:
        """One run for each different way, the one with the fewest answers turned."""
        found: dict[Signature, Run] = {}
        for run in sorted(self.runs, key=lambda one: len(one.answers)):
            found.setdefault(signature(run.path), run)
        return list(found.values())

    def doubts(self) -> dict[str, tuple[Doubt, bool]]:
        """Every doubt that has a yes or no, by key, and whether turning it alone ever makes another way."""
        by_answers = {run.answers: signature(run.path) for run in self.runs}
        found: dict[str, tuple[Doubt, bool]] = {}
        for run in self.runs:
            for doubt in run.path.doubts:
                other = turned(doubt)
                if other is None or doubt.key in dict(run.answers):
                    continue
                beside = by_answers.get(run.answers | {(doubt.key, other)})
                matters = beside is not None and beside != by_answers[run.answers]
                found[doubt.key] = doubt, matters or (doubt.key in found and found[doubt.key][1])
        return found

    def record(self) -> list[dict[str, object]]:
        """The outcomes for JSON."""
        return [{"assume": {key: "yes" if value else "no" for key, value in sorted(run.answers)}, "verdict": run.path.verdict.value,
                 "why": run.path.end.why, "out_interface": out_interface(run.path)} for run in self.outcomes()]


def explore(run: Callable[[Answers], Path], given: Answers, cap: int = CAP) -> Exploration:
    """Run with every answer turned, and turned together, as far as `cap` goes. `given` are the user's own answers, never turned."""
    found = Exploration()
    waiting: list[frozenset[tuple[str, bool]]] = [frozenset()]
    known = set(waiting)
    while waiting:
        if len(found.runs) >= cap:
            found.capped = True
            break
        answers = waiting.pop(0)
        path = run({**given, **dict(answers)})
        found.runs.append(Run(answers, path))
        for doubt in path.doubts:
            other = turned(doubt)
            if other is None or doubt.key in given or doubt.key in dict(answers):
                continue
            more = answers | {(doubt.key, other)}
            if more not in known:
                known.add(more)
                waiting.append(more)
    return found


def report(found: Exploration) -> Iterator[str]:
    """The outcomes and the doubts as lines for people."""
    outcomes = found.outcomes()
    more = ", and there are more doubts" if found.capped else ""
    yield f"{len(outcomes)} outcome{'s' if len(outcomes) != 1 else ''} in {len(found.runs)} runs{more}"
    for number, run in enumerate(outcomes, 1):
        yield f"  {number}. {run.path.verdict.value}: {terminal(run.path.end.why)}"
        yield f"     {terminal(run.options()) or 'as assumed'}"
    for title, wanted in (("doubts that matter", True), ("doubts that change nothing here", False)):
        held = [doubt for doubt, matters in found.doubts().values() if matters is wanted]
        if held:
            yield f"{title}:"
            yield from (f"  {terminal(doubt.key)}: {terminal(doubt.why)} (assumed {doubt.assumed})" for doubt in held)


@dataclass(slots=True)
class Effect:
    """What turning one doubt does to a replay: how many packets asked it, and how many then fare otherwise."""

    doubt: Doubt
    other: bool
    packets: int = 0
    verdicts: int = 0
    ways: int = 0

    def __str__(self) -> str:
        """A line for people."""
        changed = f"{self.verdicts} packets fare otherwise" if self.verdicts else (
            f"{self.ways} packets meet other rules, and fare alike" if self.ways else "nothing changes")
        return f"{terminal(self.doubt.key)}={'yes' if self.other else 'no'}: {changed} ({self.packets} asked: {terminal(self.doubt.why)})"


def effects(run: Callable[[Answers], list[Path]], given: Answers, cap: int = 16) -> tuple[list[Effect], int]:
    """The doubts of a replay, each turned alone, those that most packets ask first; and how many were left out by `cap`."""
    base = run(given)
    found: dict[str, Effect] = {}
    for path in base:
        for doubt in path.doubts:
            other = turned(doubt)
            if other is not None and doubt.key not in given:
                found.setdefault(doubt.key, Effect(doubt, other)).packets += 1
    ranked = sorted(found.values(), key=lambda one: (-one.packets, one.doubt.key))
    for effect in ranked[:cap]:
        for path, again in zip(base, run({**given, effect.doubt.key: effect.other}), strict=False):
            effect.verdicts += fate(path) != fate(again)
            effect.ways += signature(path) != signature(again)
    return ranked[:cap], len(ranked) - min(cap, len(ranked))
