"""`packetpath draw`."""

from __future__ import annotations

import click

from visualize.commands.common import (
    EXIT_DIFFERENT,
    assume_option,
    fail,
    find_flows,
    guarded,
    pcap_option,
    snapshot_argument,
    warn,
)


@click.command("draw")
@snapshot_argument
@pcap_option
@assume_option
@click.option("-o", "output", required=True, type=click.Path(file_okay=False), metavar="DIR", help="The folder for the pictures.")
@click.option("--flow", "numbers", type=int, multiple=True, metavar="N", help="Only this flow. Repeatable.")
@click.option("--where", metavar="EXPR", help="Only flows for which this holds (see `packetpath flows`).")
@click.option("--format", "formats", type=click.Choice(["svg", "png", "pdf", "dot"]), multiple=True, default=("svg",),
              show_default=True, help="Repeatable.")
@click.option("--detail", type=click.Choice(["summary", "rules", "full"]), default="rules", show_default=True)
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, numbers: tuple[int, ...],
         where: str | None, formats: tuple[str, ...], detail: str) -> None:
    """Draw a diagram for each flow, and the host's topology, into a folder.

    Example: packetpath draw samples/default-bridge/snapshot.tar.gz -o out --flow 1 --format png
    """
    from visualize.load import load
    loaded = load(snapshot)
    found, findings = find_flows(loaded, pcaps, assumed, where)
    missing = sorted(set(numbers) - {flow.number for flow in found})
    if numbers:
        found = [flow for flow in found if flow.number in numbers]
    from visualize.pictures import write_pictures
    written = write_pictures(loaded.built.host, found, output, formats, detail)
    click.echo(f"wrote {written} pictures into {output}/", err=True)
    warn(findings)
    if missing:
        fail(f"no flow {', '.join(map(str, missing))} (see `packetpath flows`)", EXIT_DIFFERENT)
