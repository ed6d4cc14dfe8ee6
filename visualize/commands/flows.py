"""`packetpath flows`."""

from __future__ import annotations

import click

from visualize.commands.common import (
    assume_option,
    cache_option,
    find_rows,
    guarded,
    pcap_option,
    snapshot_argument,
    warn,
)


@click.command("flows")
@snapshot_argument
@pcap_option
@assume_option
@click.option("--where", metavar="EXPR", help="Keep some flows: 'host 172.17.0.2 and port 80', 'verdict dropped', 'not udp'.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@cache_option
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], where: str | None, cached: bool,
            form: str) -> None:
    """Replay the capture and list its flows: where each went, which rule decided, what NAT made of it.

    Example: packetpath flows samples/default-bridge/snapshot.tar.gz --where 'verdict dropped'
    """
    from visualize.load import load
    loaded = load(snapshot)
    found, findings = find_rows(loaded, pcaps, assumed, where, cached)
    match form:
        case "json":
            from visualize.flows import to_json
            click.echo(to_json(found))
        case "csv":
            from visualize.flows import to_csv
            click.echo(to_csv(found), nl=False)
        case _:
            from visualize.terminal.console import console
            from visualize.terminal.flow_table import print_flows
            print_flows(console(), found)
    warn(findings)
