"""`packetpath report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    Speed,
    assume_option,
    assumptions,
    cache_option,
    chosen_flows,
    cluster_option,
    guarded,
    jobs_option,
    opened,
    pcap_option,
    portrayed,
    snapshot_argument,
    warn,
    where_test,
)

if TYPE_CHECKING:
    from visualize.alike import Alike
    from visualize.flow import Flow
    from visualize.load import Loaded
    from visualize.replay import Source
    from visualize.report import PacketLog


@click.command("report")
@snapshot_argument
@pcap_option
@assume_option
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="The HTML file to write.")
@click.option("--where", metavar="EXPR", help="Only flows for which this holds (see `packetpath flows`).")
@cache_option
@jobs_option
@cluster_option
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, where: str | None, cached: bool, jobs: int,
            cluster: str | None) -> None:
    """Write one self-contained HTML file: flows, their paths, rules with hits, topology, what was assumed.

    It needs no server and no network: send it, attach it to a ticket, open it in any browser.

    Example: packetpath report samples/default-bridge/snapshot.tar.gz -o report.html
    """
    from visualize.load import damage, sources
    from visualize.progress import working
    from visualize.report import origin_of, write_report
    loaded = opened(snapshot)
    captures, findings = sources(loaded, pcaps)
    flows, log, left_out = flows_for_report(loaded, captures, assumed, where, Speed(cached, jobs, cluster))
    findings += damage(captures)
    origin = origin_of(snapshot, pcaps, assumed, where, output, captures, left_out)
    with working("writing the report"):
        size = write_report(output, loaded, flows, log, findings, origin)
    click.echo(f"wrote {output}: {len(flows)} flows, {size / 1e6:.1f} MB", err=True)
    if left_out:
        click.echo(f"packetpath: {left_out} later flows are left out: choose some with --where", err=True)
    warn(findings)


def flows_for_report(loaded: Loaded, captures: list[Source], assumed: tuple[str, ...], where: str | None,
                     speed: Speed) -> tuple[list[Flow | Alike], PacketLog, int]:
    """The flows to show, their first packets, and how many more there are; of a large capture, equal connections are replayed once."""
    from visualize.load import replay
    from visualize.progress import working
    from visualize.report import MOST_FLOWS, PacketLog, logged
    keep = where_test(where)
    portraits = portrayed(loaded, captures, assumed, speed)
    if portraits is not None:
        numbers = portraits.numbers(loaded.built.host, keep)
        with working("gathering flows"):
            flows = portraits.flows(numbers[:MOST_FLOWS])
        return *logged(portraits, flows), max(0, len(numbers) - MOST_FLOWS)
    log = PacketLog()
    packets = log.watch(replay(loaded, captures, assumptions(assumed), speed.cached)) if captures else []
    found = chosen_flows(loaded, packets, where) if captures else []
    return list(found[:MOST_FLOWS]), log, max(0, len(found) - MOST_FLOWS)
