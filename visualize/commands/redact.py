"""`packetpath redact`."""

from __future__ import annotations

import click

from visualize.commands.common import EXIT_DIFFERENT, fail, guarded, snapshot_argument


@click.command("redact")
@snapshot_argument
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False), metavar="OUT", help="The redacted snapshot, a .tar.gz.")
@click.option("--map", "map_path", type=click.Path(dir_okay=False), metavar="FILE",
              help="Keep the map in this file, for `packetpath unredact-text`; if it exists, its key and names are used again. It turns "
                   "everything back: never hand it out.")
@guarded
def command(snapshot: str, output: str, map_path: str | None) -> None:
    """Make a snapshot that can be shown to strangers: addresses, names, identifiers, comments and payload are replaced or removed.

    It is written only after a proof: the redacted snapshot is replayed beside the original, every packet's matched rules, verdict, hops
    and doubts must be the same, and no original address or name may be left in any byte of it.

    Example: packetpath redact ticket.tar.gz -o public.tar.gz --map private.json
    """
    from visualize.draw.quoting import terminal
    from visualize.progress import working
    from visualize.redact.run import NotProved, redact
    try:
        with working("replacing addresses and names, and proving it"):
            done = redact(snapshot, output, map_path)
    except NotProved as problem:
        fail(f"{output} was not written, because the proof failed:\n{problem}", EXIT_DIFFERENT)
    proof = done.proof
    click.echo(f"wrote {output}: {done.addresses} addresses and {done.names} names replaced, payload removed", err=True)
    click.echo(f"proved: {proof.packets} captured packets and {proof.probes} others take the same path; no original address or name is left "
               f"in {proof.bytes} bytes", err=True)
    if done.kept:
        click.echo(f"{done.kept} addresses stayed, or became others of this snapshot: their class is too small to avoid it", err=True)
    for note in done.notes:
        click.echo(f"take care: {terminal(note)}", err=True)
    if done.left_out:
        names = dict.fromkeys(path.rpartition("/")[2] for path in done.left_out)
        click.echo(f"left out (nothing reads them, or they hold free text): {terminal(', '.join(names))}", err=True)
    if map_path is None:
        click.echo("no map was kept: this can't be turned back (--map FILE keeps one)", err=True)
