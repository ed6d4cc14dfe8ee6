"""`packetpath replay`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    EXIT_DIFFERENT,
    assume_option,
    fail,
    guarded,
    opened,
    pcap_option,
    replayed_packets,
    snapshot_argument,
    warn,
)

if TYPE_CHECKING:
    from snapshot.host import Host
    from visualize.replay import Replayed


@click.command("replay")
@snapshot_argument
@pcap_option
@assume_option
@click.option("--format", "form", type=click.Choice(["ndjson", "trace"]), default="ndjson", show_default=True,
              help="trace: lines as the kernel's TRACE target logs them.")
@click.option("--diff", "recorded", metavar="FILE", type=click.Path(exists=True, dir_okay=False),
              help="Compare with a recorded trace (kernel log, xtables-monitor --trace, nft monitor trace); exit code 1 where they differ.")
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], form: str, recorded: str | None) -> None:
    """Replay the capture: one JSON line for each packet, with every rule that matched (schema packetpath/1).

    \b
    Examples:
      packetpath replay samples/default-bridge/snapshot.tar.gz --format ndjson
      packetpath replay samples/default-bridge/snapshot.tar.gz --format trace
      packetpath replay ticket.tar.gz --diff dmesg.txt
    """
    from visualize.line import replay_line
    from visualize.progress import watched
    loaded = opened(snapshot)
    replayed, findings = replayed_packets(loaded, pcaps, assumed)
    if not sys.stdout.isatty():  # else the lines themselves show that it goes on
        replayed = watched(replayed, "replaying")
    if recorded is not None or form == "trace":
        _traces(loaded.built.host, replayed, recorded)
        warn(findings)
        return
    for one in replayed:
        sys.stdout.write(replay_line(one) + "\n")
    sys.stdout.flush()
    warn(findings)


def _traces(host: Host, replayed: Iterable[Replayed], recorded: str | None) -> None:
    """The kernel's words for each packet, or where they differ from a recorded trace."""
    from visualize.terminal.traces import NoTraceError, print_difference, print_traces
    if recorded is None:
        print_traces(host, replayed)
        return
    try:
        differs = print_difference(host, replayed, recorded)
    except NoTraceError as error:
        fail(str(error))
    if differs:
        fail("the replay differs from the recorded trace", EXIT_DIFFERENT)
