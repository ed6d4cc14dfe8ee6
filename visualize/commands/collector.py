"""`packetpath collector`."""

from __future__ import annotations

import sys

import click

from visualize.commands.common import guarded


@click.command("collector")
@click.option("-o", "output", type=click.Path(dir_okay=False), help="Where to write the script (default: standard output).")
@guarded
def command(output: str | None) -> None:
    """Write the collector script, to be copied to the host and run there: sudo sh collect.sh --pcap 30

    Example: packetpath collector -o collect.sh
    """
    from pathlib import Path as FilePath

    import snapshot
    text = FilePath(snapshot.__file__).with_name("collect.sh").read_bytes()
    if output is None:
        sys.stdout.buffer.write(text)
        return
    with open(output, "wb") as target:
        target.write(text)
    click.echo(f"wrote {output}: copy it to the host and run there: sudo sh {output} --pcap 30 -o snapshot.tar.gz", err=True)
