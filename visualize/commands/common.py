"""What the commands share: how they fail, the arguments and options that many take, captures and flows for them.

A command is one file here, named after it, with `command`; it imports what it needs when it runs, so that `--help` stays instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec

import click

if TYPE_CHECKING:
    from snapshot.finding import Finding
    from visualize.columns.chunk import Giver
    from visualize.columns.digest import Digest, Recipe
    from visualize.columns.links import Known
    from visualize.columns.portraits import Portraits
    from visualize.columns.spread import Spread
    from visualize.draw.picture import Style
    from visualize.flow import Flow
    from visualize.load import Loaded
    from visualize.replay import Replayed, Source
    from visualize.rows import FlowTable

EXIT_DIFFERENT, EXIT_USAGE, EXIT_UNUSABLE = 1, 2, 3
_P = ParamSpec("_P")


def fail(message: str, code: int = EXIT_UNUSABLE) -> NoReturn:
    """One line on stderr, and out."""
    from visualize.draw.quoting import terminal
    click.echo(f"packetpath: {terminal(message)}", err=True)
    sys.exit(code)


def guarded(function: Callable[_P, None]) -> Callable[_P, None]:
    """What the input is guilty of ends in one line and exit code 3; a closed pipe ends quietly."""
    @wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> None:
        from snapshot.raw import SnapshotError
        try:
            function(*args, **kwargs)
        except SnapshotError as error:
            fail(str(error))
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)
        except KeyboardInterrupt:
            fail("interrupted", 130)
        except OSError as error:
            fail(f"{error.filename or 'input'}: {error.strerror or error}")
        except click.ClickException:
            raise
        except Exception as error:
            if os.environ.get("PACKETPATH_DEBUG"):
                raise
            fail(f"this is a bug in packetpath ({type(error).__name__}: {error}); run again with PACKETPATH_DEBUG=1 to see where, "
                 "and report it with the snapshot if you can", 70)
    return wrapper


def assumptions(values: tuple[str, ...]) -> dict[str, bool]:
    """`KEY=yes|no` values as a mapping."""
    found = {}
    for value in values:
        key, _, answer = value.rpartition("=")
        if not key or answer not in ("yes", "no"):
            raise click.BadParameter(f"{value!r}: write KEY=yes or KEY=no, with a key that a doubt names", param_hint="--assume")
        found[key] = answer == "yes"
    return found


snapshot_argument = click.argument("snapshot", metavar="SNAPSHOT", type=click.Path())
pcap_option = click.option("--pcap", "pcaps", multiple=True, metavar="FILE[@IFACE]",
                     help="A capture to replay, instead of those in the snapshot. FILE@eth0: taken on eth0. FILE@local: packets as "
                          "this host's processes sent them. FILE@NETNS/IFACE: taken in another namespace. Repeatable.")
assume_option = click.option("--assume", "assumed", multiple=True, metavar="KEY=yes|no",
                       help="Settle a doubt by its key, e.g. filter.FORWARD.3=yes. Repeatable.")


cache_option = click.option("--cache/--no-cache", "cached", default=True, help="Replay one of many equal connections (the default), or each.")
def cores() -> int:
    """How many cores this process may use, at most 4: more of them wait for the one that folds chunks in."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


jobs_option = click.option("--jobs", type=click.IntRange(1, 1024), default=cores, metavar="N",
                           help="Read a large capture with N threads (without: one for each core, at most 4). The output is the same.")
cluster_option = click.option("--cluster", metavar="ADDRESS", help="Read it with the workers of a Dask cluster: tcp://SCHEDULER:8786 "
                              "(needs `pip install packetpath[cluster]`).")


@dataclass(frozen=True)
class Speed:
    """How hard to try: `--cache`, `--jobs`, `--cluster`. None of them changes what is printed."""

    cached: bool
    jobs: int
    cluster: str | None

    @contextmanager
    def spread(self) -> Iterator[Spread | None]:
        """Who reads the chunks of a large capture; None: this thread."""
        if self.cluster is None:
            yield self._threads if self.jobs > 1 else None
            return
        from visualize.columns.spread import cluster
        try:
            with cluster(self.cluster) as spread:
                yield spread
        except ImportError:
            fail("--cluster needs Dask's scheduler: pip install 'packetpath[cluster]'", EXIT_USAGE)
        except (OSError, ValueError, TimeoutError) as error:
            fail(f"--cluster {self.cluster}: {error}")

    def _threads(self, recipe: Recipe, giver: Giver, known: Known) -> Iterator[Digest]:
        """A `Spread` whose threads begin when a capture turns out to be large."""
        from visualize.columns.spread import threads
        return threads(self.jobs)(recipe, giver, known)


PICTURES = ("svg", "png", "pdf", "dot", "mermaid", "text", "markdown", "drawio")  # the formats of visualize.draw.picture
detail_option = click.option("--detail", type=click.Choice(["summary", "rules", "full"]), default="rules", show_default=True,
                             help="summary: what changed and what decided; rules: with each deciding rule's text; full: every step.")
theme_option = click.option("--theme", type=click.Choice(["auto", "light", "dark"]), default="auto", show_default=True,
                            help="auto: an SVG follows its reader's preference, all else is light.")
link_option = click.option("--link", default="", metavar="URL", help="The address of a report: rules in a picture link to URL#rule=FILE:LINE.")


def style(theme: str, link: str = "") -> Style:
    """How pictures are drawn, from `--theme` and `--link`."""
    from visualize.draw.palette import Theme
    from visualize.draw.picture import Style
    return Style(None if theme == "auto" else Theme(theme), link)


explore_option = click.option("--explore", is_flag=True, help="Run again with the answers of doubts turned: which of them matter, and what else "
                               "may become of the packet.")


def print_json(record: object) -> None:
    """Indented JSON on standard output."""
    import json
    click.echo(json.dumps(record, ensure_ascii=True, indent=2))


def replayed_packets(loaded: Loaded, pcaps: tuple[str, ...], assumed: tuple[str, ...]) -> tuple[Iterable[Replayed], list[Finding]]:
    """The captures replayed, and what was found while reading them."""
    captures, findings = named_captures(loaded, pcaps)
    return _replayed(loaded, captures, assumed, findings), findings


def opened(snapshot: str) -> Loaded:
    """The snapshot, ready for questions."""
    from visualize.load import load
    from visualize.progress import working
    with working("opening the snapshot"):
        return load(snapshot)


def named_captures(loaded: Loaded, pcaps: tuple[str, ...]) -> tuple[list[Source], list[Finding]]:
    """The captures to replay; fails where there is none."""
    from visualize.load import sources
    captures, findings = sources(loaded, pcaps)
    if not captures:
        fail("the snapshot holds no capture: name one with --pcap FILE[@IFACE], or ask about one packet with `packetpath trace`",
             EXIT_DIFFERENT)
    return captures, findings


def _replayed(loaded: Loaded, captures: list[Source], assumed: tuple[str, ...], findings: list[Finding]) -> Iterator[Replayed]:
    from visualize.load import damage, replay
    yield from replay(loaded, captures, assumptions(assumed))
    findings += damage(captures)


def warn(findings: Iterable[Finding]) -> None:
    """Findings on stderr, a line each."""
    from visualize.draw.quoting import terminal
    for finding in findings:
        click.echo(f"packetpath: {terminal(str(finding))}", err=True)


def portrayed(loaded: Loaded, captures: list[Source], assumed: tuple[str, ...], speed: Speed) -> Portraits | None:
    """All flows of a large capture, equal connections replayed once; None where every packet has to be replayed.

    Packets of several captures would have to be told apart by more than a number.
    """
    if not speed.cached or len(captures) != 1:
        return None
    from visualize.load import settle
    from visualize.progress import working
    with speed.spread() as spread, working("comparing connections"):
        settled = settle(loaded, captures, assumptions(assumed), spread)
    if settled is None:
        return None
    from visualize.columns.portraits import Portraits
    return Portraits(settled, captures[0].name)


def chosen_flows(loaded: Loaded, replayed: Iterable[Replayed], where: str | None) -> list[Flow]:
    """The flows of replayed packets for which `where` holds."""
    from visualize.flows import gather
    from visualize.progress import watched
    from visualize.rows import row_of, where_record
    keep = where_test(where)
    found = gather(watched(replayed, "replaying"))
    return [flow for flow in found if keep is None or keep(where_record(row_of(loaded.built.host, flow)))]


def where_test(where: str | None) -> Callable[[Mapping[str, Any]], bool] | None:
    """What `--where` says, as a test."""
    if not where:
        return None
    from visualize.packet.where import compile_where
    try:
        return compile_where(where)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--where") from error


def find_table(loaded: Loaded, pcaps: tuple[str, ...], assumed: tuple[str, ...], where: str | None,
               speed: Speed) -> tuple[FlowTable, list[Finding]]:
    """The rows of the flow table for which `where` holds, and what was found while reading."""
    from visualize.load import damage, flow_table
    from visualize.progress import working
    keep = where_test(where)
    captures, findings = named_captures(loaded, pcaps)
    with speed.spread() as spread, working("comparing connections"):
        table = flow_table(loaded, captures, assumptions(assumed), speed.cached, spread)
    findings += damage(captures)
    return table if keep is None else table.where(keep), findings
