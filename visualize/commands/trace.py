"""`packetpath trace`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    EXIT_DIFFERENT,
    PICTURES,
    assume_option,
    assumptions,
    detail_option,
    explore_option,
    fail,
    guarded,
    link_option,
    opened,
    print_json,
    snapshot_argument,
    style,
    theme_option,
)

if TYPE_CHECKING:
    from snapshot.host import Host
    from visualize.draw.picture import Style
    from visualize.explore import Exploration
    from visualize.load import Loaded
    from visualize.path import Path
    from visualize.trace import Question

_WORDS = ("text", "json", "csv", "trace")  # the formats that are no pictures


def _host(context: click.Context) -> Host | None:
    """The host of the snapshot that stands on the command line so far."""
    from snapshot.raw import SnapshotError
    from visualize.load import load
    words = [word for word in context.args if not word.startswith("-")]  # where the last option still lacks its value
    try:
        return load(context.params.get("snapshot") or (words[0] if words else "")).built.host
    except (SnapshotError, OSError):
        return None


def _senders(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Completion of `--from`: containers and namespaces."""
    host = _host(context)
    names = {*host.namespaces, *(c.name for c in host.containers)} if host is not None else set()
    return sorted(name for name in names if name.startswith(begun) and name.isprintable())


def _interfaces(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Completion of `--in`: the host's interfaces."""
    host = _host(context)
    own = host.namespaces.get("host") if host is not None else None
    return sorted(name for name in (own.interfaces if own is not None else ()) if name.startswith(begun) and name.isprintable())


@click.command("trace")
@snapshot_argument
@click.option("--proto", default="tcp", show_default=True, help="tcp, udp, icmp, icmpv6, or a number.")
@click.option("--src", "source", metavar="A[:PORT]", help="Source (default: the address that the sender would choose).")
@click.option("--dst", "destination", required=True, metavar="B[:PORT]", help="Destination; IPv6 with a port: [2001:db8::1]:80.")
@click.option("--in", "interface", metavar="IFACE", shell_complete=_interfaces, help="It arrives by this interface of the host ([NETNS/]IFACE).")
@click.option("--from", "sender", metavar="NAME", shell_complete=_senders,
              help="It is sent by this container or namespace (`host`: by the host itself).")
@click.option("--ttl", type=click.IntRange(0, 255), default=64, show_default=True)
@click.option("--mark", type=str, default="0", help="The packet's mark, e.g. 0x1.")
@click.option("--tcp-flags", "flags", default="syn", show_default=True, help="Comma-separated: syn, ack, fin, rst, psh, urg.")
@click.option("--icmp-type", type=click.IntRange(0, 255), help="Default: echo request.")
@click.option("--expect", type=click.Choice(["forwarded", "delivered", "dropped", "rejected", "looped", "unknown"]),
              help="Exit with 1 if the verdict is another one.")
@assume_option
@explore_option
@click.option("--format", "form", type=click.Choice([*_WORDS, "boxes", *(p for p in PICTURES if p != "text")]),
              default="text", show_default=True, help="text: phases; boxes: the picture as text; json, csv: for machines; trace: as the kernel "
                   "logs it; the rest: pictures.")
@click.option("-o", "output", type=click.Path(dir_okay=False), metavar="FILE", help="Where to write a picture (default: standard output).")
@detail_option
@theme_option
@link_option
@guarded
def command(snapshot: str, proto: str, source: str | None, destination: str, interface: str | None, sender: str | None, ttl: int,
            mark: str, flags: str, icmp_type: int | None, expect: str | None, assumed: tuple[str, ...], explore: bool, form: str,
            output: str | None, detail: str, theme: str, link: str) -> None:
    """Ask about one packet that is in no capture.

    \b
    Examples:
      packetpath trace samples/default-bridge/snapshot.tar.gz --from web --dst 198.51.100.80:80
      packetpath trace samples/default-bridge/snapshot.tar.gz --in eth0 --src 203.0.113.50:40000 --dst 203.0.113.10:8080
    """
    from visualize.trace import Question, ask, parse_flags, parse_mark
    loaded = opened(snapshot)
    if (interface is None) == (sender is None):
        raise click.UsageError("say where the packet comes from: either --in IFACE or --from CONTAINER|NETNS")
    settled = assumptions(assumed)
    try:
        question = Question(proto, source, destination, interface, sender, ttl, parse_mark(mark), parse_flags(flags), icmp_type)
        path = ask(loaded.built.host, question, settled)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if form in _WORDS:
        _tell(loaded.built.host, path, form, _explored(loaded.built.host, question, settled) if explore and form in ("text", "json") else None)
    else:
        _draw(loaded, path, form, output, detail, style(theme, link))
    if expect is not None and path.verdict.value != expect:
        fail(f"expected {expect}, but the packet is {path.verdict.value}", EXIT_DIFFERENT)


def _explored(host: Host, question: Question, assumed: dict[str, bool]) -> Exploration:
    """What else may become of the packet."""
    from visualize.explore import explore
    from visualize.trace import ask
    return explore(lambda answers: ask(host, question, answers), assumed)


def _tell(host: Host, path: Path, form: str, explored: Exploration | None) -> None:
    """The path in words: for people, or for machines."""
    match form:
        case "json":
            from visualize.line import path_record
            more = {} if explored is None else {"outcomes": explored.record()}
            print_json({"schema": "packetpath-trace/1", **path_record(path), **more})
        case "csv":
            from visualize.terminal.console import to_csv
            from visualize.terminal.phases import COLUMNS, path_rows
            click.echo(to_csv(path_rows(path), COLUMNS), nl=False)
        case "trace":
            from visualize.draw.kernel_trace import lines
            for line in lines(path, host):
                click.echo(str(line))
        case _:
            from visualize.terminal.console import console
            from visualize.terminal.phases import print_trace
            print_trace(console(), host, path)
            _tell_outcomes(explored)


def _tell_outcomes(explored: Exploration | None) -> None:
    if explored is None:
        return
    from visualize.explore import report
    for text in report(explored):
        click.echo(text)


def _draw(loaded: Loaded, path: Path, form: str, output: str | None, detail: str, look: Style) -> None:
    """The path as a picture, into a file or to standard output."""
    from visualize.draw.flow_scene import path_scene
    from visualize.draw.picture import picture
    from visualize.draw.render import RenderError
    from visualize.trace import as_flow
    try:
        data = picture(path_scene(loaded.built.host, as_flow(path), detail), "text" if form == "boxes" else form, look)
    except RenderError as error:
        fail(str(error))
    if output is None and form in ("png", "pdf") and sys.stdout.isatty():
        raise click.UsageError(f"a {form} is no text for a terminal: name a file with -o")
    if output is None:
        sys.stdout.buffer.write(data)
        return
    with open(output, "wb") as target:
        target.write(data)
    click.echo(f"wrote {output}", err=True)
