"""`packetpath show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from visualize.commands.common import EXIT_USAGE, fail, guarded, opened, print_json, snapshot_argument

if TYPE_CHECKING:
    from visualize.load import Loaded


@click.command("show")
@snapshot_argument
@click.option("--draw", "draw_to", metavar="FILE", type=click.Path(dir_okay=False),
              help="Also draw the topology into FILE (.svg, .png, .pdf, .dot, .mmd, .md, .txt or .drawio).")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@guarded
def command(snapshot: str, draw_to: str | None, form: str) -> None:
    """What was captured, what is missing and what that hides, and the host's topology.

    Example: packetpath show samples/default-bridge/snapshot.tar.gz
    """
    from visualize.load import damage, sources
    loaded = opened(snapshot)
    captures, found = sources(loaded, ())
    findings = (*loaded.built.findings, *found, *damage(captures))
    from visualize.terminal import overview
    from visualize.terminal.console import console, to_csv
    match form:
        case "json":
            print_json(overview.overview(loaded, captures, findings))
        case "csv":
            click.echo(to_csv(overview.fact_rows(overview.facts(loaded, captures, findings)), overview.COLUMNS), nl=False)
        case _:
            overview.print_overview(console(), loaded, captures, findings)
    if draw_to is not None:
        _draw_topology(loaded, draw_to)


def _draw_topology(loaded: Loaded, path: str) -> None:
    from visualize.draw.picture import SUFFIXES, picture
    from visualize.draw.render import RenderError
    from visualize.draw.topology import topology_scene
    endings = {ending: form for form, ending in SUFFIXES.items()}
    ending = path.rsplit(".", 1)[-1].lower()
    if ending not in endings:
        fail(f"{path}: the name must end in one of .{', .'.join(endings)}", EXIT_USAGE)
    try:
        data = picture(topology_scene(loaded.built.host), endings[ending])
    except RenderError as error:
        fail(str(error))
    with open(path, "wb") as target:
        target.write(data)
    click.echo(f"wrote {path}", err=True)
