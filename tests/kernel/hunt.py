"""Many random worlds of every kind against this machine's kernel: a table of what agreed, and a small case for what did not.

    python -m tests.kernel.hunt --seeds 20 --packets 40            # or: make kernel-test SEEDS=20 PACKETS=40
    python -m tests.kernel.hunt --kinds router,policy --first 1000

A failing case is shrunk and left under --output; `make kernel-keep CASE=...` runs it again and keeps it as a vector. Needs root.
"""

import argparse
import multiprocessing
import os
import secrets
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from . import compare, netns, record, replaying
from .case import Case
from .native_rules import NATIVE
from .rulesets import KINDS, random_case
from .shrink import shrink
from .wide import WIDE

ASPECTS = ("rules", "order", "verdict", "out_interface", "form", "answer", "missing")


@dataclass
class Result:
    """What came of one world, or of all worlds of a kind."""

    kind: str
    worlds: int = 0
    packets: int = 0
    uncertain: int = 0
    wrong: "Counter[str]" = field(default_factory=Counter)  # by aspect: differences that nothing excuses
    excused: "Counter[str]" = field(default_factory=Counter)  # by aspect: differences where the replay was not certain
    doubts: "Counter[str]" = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)  # seed, report

    def add(self, other: "Result") -> None:
        """Sum up."""
        self.worlds += other.worlds
        self.packets += other.packets
        self.uncertain += other.uncertain
        self.wrong += other.wrong
        self.excused += other.excused
        self.doubts += other.doubts
        self.failures += other.failures


def ask(case: Case, folder: Path) -> compare.Verdict:
    """Run a case on the kernel and judge the replay."""
    record.record(case, folder).save(folder)
    return compare.compare(compare.load(folder), replaying.replay(folder))


def one(kind: str, seed: int, packets: int) -> Result:
    """One random world, judged."""
    result = Result(kind, 1)
    with tempfile.TemporaryDirectory(prefix="packetpath-lab-") as folder:
        try:
            verdict = ask(random_case(kind, seed, packets), Path(folder))
        except KeyboardInterrupt:
            raise
        except BaseException:  # the lab or the replay broke: that is a failure, too, and the others go on
            result.wrong["missing"] += 1
            result.failures.append((seed, traceback.format_exc(limit=6)))
            return result
    result.packets, result.uncertain, result.doubts = verdict.packets, verdict.uncertain, verdict.doubts
    result.wrong.update(difference.what for difference in verdict.wrong)
    result.excused.update(difference.what for difference in verdict.differences if difference.excused)
    if verdict.wrong:
        result.failures.append((seed, "\n".join(map(str, verdict.wrong))))
    return result


def minimal(kind: str, seed: int, packets: int) -> Case:
    """The smallest case found that still shows a wrong certainty of the same aspect."""
    case = random_case(kind, seed, packets)
    with tempfile.TemporaryDirectory(prefix="packetpath-lab-") as folder:
        aspects = {difference.what for difference in ask(case, Path(folder)).wrong}

        def fails(smaller: Case) -> bool:
            try:
                return bool(aspects & {difference.what for difference in ask(smaller, Path(folder)).wrong})
            except (netns.LabError, OSError):
                return False
        return shrink(case, fails) if aspects else case


def table(results: Iterable[Result]) -> str:
    """Per kind: packets compared, differences by aspect (wrong, and excused in brackets), share not certain."""
    heads = ("kind", "worlds", "packets", *ASPECTS, "wrong", "not certain")
    rows = [heads]
    for result in results:
        share = f"{100 * result.uncertain / max(1, result.packets):.1f} %"
        cells = [f"{result.wrong[what]}" + (f" ({result.excused[what]})" if result.excused[what] else "") for what in ASPECTS]
        rows.append((result.kind, str(result.worlds), str(result.packets), *cells, str(result.wrong.total()), share))
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join("  ".join(cell.rjust(width) if column else cell.ljust(width)
                               for column, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows)


def _terminated(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _calm() -> None:
    """In a worker: a termination ends like Ctrl-C, so that its world is taken down."""
    signal.signal(signal.SIGTERM, _terminated)


def hunt(kinds: Sequence[str], seeds: Sequence[int], packets: int, jobs: int) -> dict[str, Result]:
    """Every kind and seed, by so many processes at once."""
    totals = {kind: Result(kind) for kind in kinds}
    pool = ProcessPoolExecutor(jobs, initializer=_calm)
    try:
        waiting = [pool.submit(one, kind, seed, packets) for seed in seeds for kind in kinds]
        for done in as_completed(waiting):
            result = done.result()
            totals[result.kind].add(result)
            for seed, report in result.failures:
                sys.stdout.write(f"{result.kind} seed {seed} ({packets} packets):\n{report}\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():
            worker.terminate()  # it takes its world down
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        netns.sweep()
    return totals


def main(arguments: list[str] | None = None) -> int:
    """The hunter's command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.hunt", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="worlds of each kind")
    parser.add_argument("--first", type=int, help="the first seed; default: a fresh one, printed")
    parser.add_argument("--packets", type=int, default=40, help="packets sent to each world")
    parser.add_argument("--kinds", default=",".join((*KINDS, *WIDE, *NATIVE)), help="separated by commas")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", type=int, default=5, help="how many failing worlds are made small")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/kernel"), help="where small cases go")
    options = parser.parse_args(arguments)
    if lacks := netns.missing():
        sys.stderr.write(f"the kernel can't be asked here: {', '.join(lacks)}\n")
        return 2
    signal.signal(signal.SIGTERM, _terminated)
    first = options.first if options.first is not None else secrets.randbelow(10**6)
    seeds = range(first, first + options.seeds)
    sys.stdout.write(f"seeds {seeds.start} to {seeds.stop - 1}, {options.packets} packets each\n")
    try:
        totals = hunt(options.kinds.split(","), seeds, options.packets, options.jobs)
    except KeyboardInterrupt:
        sys.stdout.write("interrupted; the worlds are taken down\n")
        return 130
    everything = Result("all")
    for result in totals.values():
        everything.add(result)
    sys.stdout.write("\n" + table([*totals.values(), everything]) + "\n(in brackets: differences where the replay said that it was not certain)\n")
    for why, count in everything.doubts.most_common(12):
        sys.stdout.write(f"{count:6} {why}\n")
    _small(totals, options)
    return 1 if everything.wrong else 0


def _small(totals: dict[str, Result], options: argparse.Namespace) -> None:
    """Make the first failures small, write them down, and say how to keep them."""
    failing = [(kind, seed) for kind, result in totals.items() for seed, _ in result.failures]
    for kind, seed in failing[:options.shrink]:
        case = minimal(kind, seed, options.packets)
        options.output.mkdir(parents=True, exist_ok=True)
        path = options.output / f"{case.name}.json"
        path.write_text(case.dump())
        sys.stdout.write(f"{kind} seed {seed}: {len(case.moves)} packets in {path}\n{case.dump()}"
                         f"    keep it: make kernel-keep CASE={path} NAME={case.name}\n")


if __name__ == "__main__":
    sys.exit(main())
