"""`packetpath unredact-text`."""

from __future__ import annotations

from typing import TextIO

import click

from visualize.commands.common import guarded


@click.command("unredact-text")
@click.argument("text", type=click.File("r", encoding="utf-8"), default="-", metavar="[FILE]")
@click.option("--map", "map_path", required=True, type=click.Path(exists=True, dir_okay=False), metavar="FILE",
              help="The map that `packetpath redact --map` kept.")
@guarded
def command(text: TextIO, map_path: str) -> None:
    """Turn a text about a redacted snapshot (a reply from support) back: its addresses and names become the original ones.

    Example: packetpath unredact-text reply.txt --map private.json
    """
    from visualize.redact.mapfile import backwards, read, turn_back
    redactor = backwards(read(map_path))
    click.echo(turn_back(text.read(), redactor), nl=False)
