"""`packetpath report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    assume_option,
    assumptions,
    cache_option,
    chosen_flows,
    guarded,
    pcap_option,
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
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, where: str | None, cached: bool) -> None:
    """Write one self-contained HTML file: flows, their paths, rules with hits, topology, what was assumed.

    It needs no server and no network: send it, attach it to a ticket, open it in any browser.

    Example: packetpath report samples/default-bridge/snapshot.tar.gz -o report.html
    """
    from visualize.load import damage, load, sources
    from visualize.report import origin_of, write_report
    loaded = load(snapshot)
    captures, findings = sources(loaded, pcaps)
    flows, log = flows_for_report(loaded, captures, assumptions(assumed), where, cached)
    findings += damage(captures)
    origin = origin_of(snapshot, pcaps, assumed, where, output, captures)
    size = write_report(output, loaded, flows, log, findings, origin)
    click.echo(f"wrote {output}: {len(flows)} flows, {size / 1e6:.1f} MB", err=True)
    warn(findings)


def flows_for_report(loaded: Loaded, captures: list[Source], assumed: dict[str, bool], where: str | None,
                     cached: bool) -> tuple[list[Flow | Alike], PacketLog]:
    """The flows to show, and their first packets; of a large capture, equal connections are replayed once."""
    from visualize.load import replay, settle
    from visualize.report import PacketLog, portrayed
    keep = where_test(where)
    settled = settle(loaded, captures, assumed) if cached else None
    if settled is None:
        log = PacketLog()
        return list(chosen_flows(loaded, log.watch(replay(loaded, captures, assumed)), where)) if captures else [], log
    from visualize.columns.portraits import Portraits
    from visualize.flows import where_record
    flows, log = portrayed(Portraits(settled, captures[0].name))
    rows = settled.rows(loaded.built.host) if keep is not None else []
    return [flow for flow, row in zip(flows, rows, strict=True) if keep is not None and keep(where_record(row))] if rows else flows, log
