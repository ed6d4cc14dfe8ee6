"""`packetpath report`."""

from __future__ import annotations

import click

from visualize.commands.common import (
    assume_option,
    assumptions,
    chosen_flows,
    guarded,
    pcap_option,
    snapshot_argument,
    warn,
)


@click.command("report")
@snapshot_argument
@pcap_option
@assume_option
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="The HTML file to write.")
@click.option("--where", metavar="EXPR", help="Only flows for which this holds (see `packetpath flows`).")
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, where: str | None) -> None:
    """Write one self-contained HTML file: flows, their paths, rules with hits, topology, what was assumed.

    It needs no server and no network: send it, attach it to a ticket, open it in any browser.

    Example: packetpath report samples/default-bridge/snapshot.tar.gz -o report.html
    """
    from visualize.load import damage, load, replay, sources
    from visualize.report import PacketLog, origin_of, write_report
    loaded = load(snapshot)
    captures, findings = sources(loaded, pcaps)
    log = PacketLog()
    flows = chosen_flows(loaded, log.watch(replay(loaded, captures, assumptions(assumed))), where) if captures else []
    findings += damage(captures)
    origin = origin_of(snapshot, pcaps, assumed, where, output, captures)
    size = write_report(output, loaded, flows, log, findings, origin)
    click.echo(f"wrote {output}: {len(flows)} flows, {size / 1e6:.1f} MB", err=True)
    warn(findings)
