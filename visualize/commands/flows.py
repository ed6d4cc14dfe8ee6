"""`packetpath flows`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    Speed,
    assume_option,
    assumptions,
    cache_option,
    cluster_option,
    explore_option,
    find_table,
    guarded,
    jobs_option,
    opened,
    pcap_option,
    snapshot_argument,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from visualize.load import Loaded
    from visualize.path import Path
    from visualize.rows import FlowTable


@click.command("flows")
@snapshot_argument
@pcap_option
@assume_option
@explore_option
@click.option("--where", metavar="EXPR", help="Keep some flows: 'host 172.17.0.2 and port 80', 'verdict dropped', 'not udp'.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.option("--by", metavar="COLUMN[,COLUMN]...", help="Sum up: how many flows and packets have the same values, e.g. --by verdict,decided_at "
                                                         "(columns of --format csv).")
@cache_option
@jobs_option
@cluster_option
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], explore: bool, where: str | None, by: str | None, cached: bool,
            jobs: int, cluster: str | None, form: str) -> None:
    """Replay the capture and list its flows: where each went, which rule decided, what NAT made of it.

    \b
    Examples:
      packetpath flows samples/default-bridge/snapshot.tar.gz --where 'verdict dropped'
      packetpath flows samples/default-bridge/snapshot.tar.gz --by verdict,decided_at
    """
    loaded = opened(snapshot)
    found, findings = find_table(loaded, pcaps, assumed, where, Speed(cached, jobs, cluster))
    if by is not None:
        _sums(found, by, form)
        warn(findings)
        return
    match form:
        case "json":
            from visualize.row_text import json_parts
            for part in json_parts(found):
                click.echo(part, nl=False)
        case "csv":
            from visualize.row_text import csv_parts
            for part in csv_parts(found):
                click.echo(part, nl=False)
        case _:
            from visualize.terminal.flow_table import print_flows
            print_flows(found)
    if explore:
        _explore(loaded, pcaps, assumed)
    warn(findings)


def _explore(loaded: Loaded, pcaps: tuple[str, ...], assumed: tuple[str, ...]) -> None:
    """Which doubts of the replay matter, on standard error: the flows stay what they are."""
    from visualize.explore import effects
    from visualize.load import replay, sources
    from visualize.progress import working

    def run(answers: Mapping[str, bool]) -> list[Path]:
        return [one.path for one in replay(loaded, sources(loaded, pcaps)[0], dict(answers))]

    with working("turning doubts"):
        found, left = effects(run, assumptions(assumed))
    click.echo(f"{len(found)} doubts turned, one at a time:" if found else "no doubt has another answer to try", err=True)
    for effect in found:
        click.echo(f"  {effect}", err=True)
    if left:
        click.echo(f"  {left} more doubts were not tried", err=True)


def _sums(table: FlowTable, by: str, form: str) -> None:
    from visualize.rows import COLUMNS
    names = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in names if name not in COLUMNS or name == "packets"]
    if unknown or not names:
        choices = ", ".join(name for name in COLUMNS if name != "packets")
        raise click.BadParameter(f"{', '.join(unknown) or by!r}: choose from {choices}", param_hint="--by")
    from visualize.frame import summed
    found = summed(table, names)
    match form:
        case "json":
            click.echo(found.to_json(orient="records", indent=2))
        case "csv":
            click.echo(found.to_csv(index=False, lineterminator="\n"), nl=False)
        case _:
            click.echo(found.to_string(index=False, na_rep="-", justify="left") if len(found) else "no flows")
