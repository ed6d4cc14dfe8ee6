"""The command line: parses, calls, prints, exits. Nothing else; each command imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from snapshot.finding import Finding
    from visualize.load import Loaded
    from visualize.replay import Replayed

VERSION = "0.1.0"
EXIT_DIFFERENT, EXIT_USAGE, EXIT_UNUSABLE = 1, 2, 3
_F = TypeVar("_F", bound=Callable[..., None])


def fail(message: str, code: int = EXIT_UNUSABLE) -> NoReturn:
    """One line on stderr, and out."""
    from visualize.draw.quoting import terminal
    click.echo(f"packetpath: {terminal(message)}", err=True)
    sys.exit(code)


def _guarded(function: _F) -> _F:
    """What the input is guilty of ends in one line and exit code 3; a closed pipe ends quietly."""
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        from snapshot.raw import SnapshotError
        try:
            function(*args, **kwargs)
        except SnapshotError as error:
            fail(str(error))
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)
        except KeyboardInterrupt:
            fail("interrupted", 130)
        except OSError as error:
            fail(f"{error.filename or 'input'}: {error.strerror or error}")
        except click.ClickException:
            raise
        except Exception as error:
            if os.environ.get("PACKETPATH_DEBUG"):
                raise
            fail(f"this is a bug in packetpath ({type(error).__name__}: {error}); run again with PACKETPATH_DEBUG=1 to see where, "
                 "and report it with the snapshot if you can", 70)
    return wrapper  # type: ignore[return-value]


def _assumptions(values: tuple[str, ...]) -> dict[str, bool]:
    found = {}
    for value in values:
        key, _, answer = value.rpartition("=")
        if not key or answer not in ("yes", "no"):
            raise click.BadParameter(f"{value!r}: write KEY=yes or KEY=no, with a key that a doubt names", param_hint="--assume")
        found[key] = answer == "yes"
    return found


_snapshot = click.argument("snapshot", metavar="SNAPSHOT")
_pcap = click.option("--pcap", "pcaps", multiple=True, metavar="FILE[@IFACE]",
                     help="A capture to replay, instead of those in the snapshot. FILE@eth0: taken on eth0. FILE@local: packets as "
                          "this host's processes sent them. FILE@NETNS/IFACE: taken in another namespace. Repeatable.")
_assume = click.option("--assume", "assumed", multiple=True, metavar="KEY=yes|no",
                       help="Settle a doubt by its key, e.g. filter.FORWARD.3=yes. Repeatable.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="packetpath")
def main() -> None:
    """Where did this packet go, which rule did it, and what did NAT turn it into?

    SNAPSHOT is what collect.sh made on the host: a tarball (gz, xz, plain) or a directory.

    \b
    Exit codes: 0 done; 1 done, but something asked for is missing or different;
    2 usage; 3 the input can't be used.
    """


@main.command()
@click.option("-o", "output", type=click.Path(dir_okay=False), help="Where to write the script (default: standard output).")
@_guarded
def collector(output: str | None) -> None:
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


@main.command()
@_snapshot
@click.option("--draw", "draw_to", metavar="FILE", type=click.Path(dir_okay=False),
              help="Also draw the topology into FILE (.svg, .png, .pdf or .dot).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_guarded
def show(snapshot: str, draw_to: str | None, form: str) -> None:
    """What was captured, what is missing and what that hides, and the host's topology.

    Example: packetpath show samples/default-bridge/snapshot.tar.gz
    """
    from visualize.load import load, sources
    loaded = load(snapshot)
    captures, findings = sources(loaded, ())
    if form == "json":
        from visualize.show import overview
        _json(overview(loaded, captures, (*loaded.built.findings, *findings)))
    else:
        from visualize.show import print_overview
        print_overview(loaded, captures, (*loaded.built.findings, *findings))
    if draw_to is not None:
        _draw_topology(loaded, draw_to)


def _draw_topology(loaded: Loaded, path: str) -> None:
    from visualize.draw.dot import to_dot
    from visualize.draw.render import RenderError, render
    from visualize.draw.scene import topology_scene
    kind = path.rsplit(".", 1)[-1].lower() if "." in path else "svg"
    if kind not in ("svg", "png", "pdf", "dot"):
        fail(f"{path}: the name must end in .svg, .png, .pdf or .dot", EXIT_USAGE)
    try:
        data = render(to_dot(topology_scene(loaded.built.host)), kind)
    except RenderError as error:
        fail(str(error))
    with open(path, "wb") as target:
        target.write(data)
    click.echo(f"wrote {path}", err=True)


def _json(record: object) -> None:
    import json
    click.echo(json.dumps(record, ensure_ascii=True, indent=2))


def _captured(loaded: Loaded, pcaps: tuple[str, ...], assumed: tuple[str, ...]) -> tuple[Iterable[Replayed], list[Finding]]:
    from visualize.load import replay, sources
    captures, findings = sources(loaded, pcaps)
    if not captures:
        fail("the snapshot holds no capture: name one with --pcap FILE[@IFACE], or ask about one packet with `packetpath trace`",
             EXIT_DIFFERENT)
    return replay(loaded, captures, _assumptions(assumed)), findings


def _warn(findings: Iterable[Finding]) -> None:
    from visualize.draw.quoting import terminal
    for finding in findings:
        click.echo(f"packetpath: {terminal(str(finding))}", err=True)


@main.command()
@_snapshot
@_pcap
@_assume
@click.option("--where", metavar="EXPR", help="Keep some flows: 'host 172.17.0.2 and port 80', 'verdict dropped', 'not udp'.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@_guarded
def flows(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], where: str | None, form: str) -> None:
    """Replay the capture and list its flows: where each went, which rule decided, what NAT made of it.

    Example: packetpath flows samples/default-bridge/snapshot.tar.gz --where 'verdict dropped'
    """
    from visualize.load import load
    loaded = load(snapshot)
    found, findings = _flows(loaded, pcaps, assumed, where)
    match form:
        case "json":
            from visualize.flows import record
            _json([record(flow) for flow in found])
        case "csv":
            from visualize.flows import to_csv
            click.echo(to_csv(found), nl=False)
        case _:
            from visualize.show import print_flows
            print_flows(loaded, found)
    _warn(findings)


def _flows(loaded: Loaded, pcaps: tuple[str, ...], assumed: tuple[str, ...], where: str | None) -> tuple[list[Any], list[Finding]]:
    from visualize.flows import gather, where_record
    from visualize.packet.where import compile_where
    from visualize.progress import watched
    try:
        keep = compile_where(where) if where else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--where") from error
    replayed, findings = _captured(loaded, pcaps, assumed)
    found = gather(watched(replayed, "replaying"))
    return [flow for flow in found if keep is None or keep(where_record(flow, loaded.built.host))], findings


@main.command()
@_snapshot
@_pcap
@_assume
@click.option("--format", "form", type=click.Choice(["ndjson"]), default="ndjson", show_default=True)
@_guarded
def replay(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], form: str) -> None:
    """Replay the capture: one JSON line for each packet, with every rule that matched (schema packetpath/1).

    Example: packetpath replay samples/default-bridge/snapshot.tar.gz --format ndjson
    """
    from visualize.line import replay_record, to_json
    from visualize.load import load
    loaded = load(snapshot)
    replayed, findings = _captured(loaded, pcaps, assumed)
    for one in replayed:
        sys.stdout.write(to_json(replay_record(one)) + "\n")
    sys.stdout.flush()
    _warn(findings)


@main.command()
@_snapshot
@_pcap
@_assume
@click.option("-o", "output", required=True, type=click.Path(file_okay=False), metavar="DIR", help="The folder for the pictures.")
@click.option("--flow", "numbers", type=int, multiple=True, metavar="N", help="Only this flow. Repeatable.")
@click.option("--where", metavar="EXPR", help="Only flows for which this holds (see `packetpath flows`).")
@click.option("--format", "formats", type=click.Choice(["svg", "png", "pdf", "dot"]), multiple=True, default=("svg",),
              show_default=True, help="Repeatable.")
@click.option("--detail", type=click.Choice(["summary", "rules", "full"]), default="rules", show_default=True)
@_guarded
def draw(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, numbers: tuple[int, ...],
         where: str | None, formats: tuple[str, ...], detail: str) -> None:
    """Draw a diagram for each flow, and the host's topology, into a folder.

    Example: packetpath draw samples/default-bridge/snapshot.tar.gz -o out --flow 1 --format png
    """
    from visualize.load import load
    loaded = load(snapshot)
    found, findings = _flows(loaded, pcaps, assumed, where)
    missing = sorted(set(numbers) - {flow.number for flow in found})
    if numbers:
        found = [flow for flow in found if flow.number in numbers]
    from visualize.pictures import write_pictures
    written = write_pictures(loaded.built.host, found, output, formats, detail)
    click.echo(f"wrote {written} pictures into {output}/", err=True)
    _warn(findings)
    if missing:
        fail(f"no flow {', '.join(map(str, missing))} (see `packetpath flows`)", EXIT_DIFFERENT)


@main.command()
@_snapshot
@click.option("--proto", default="tcp", show_default=True, help="tcp, udp, icmp, icmpv6, or a number.")
@click.option("--src", "source", metavar="A[:PORT]", help="Source (default: the address that the sender would choose).")
@click.option("--dst", "destination", required=True, metavar="B[:PORT]", help="Destination; IPv6 with a port: [2001:db8::1]:80.")
@click.option("--in", "interface", metavar="IFACE", help="It arrives by this interface of the host ([NETNS/]IFACE).")
@click.option("--from", "sender", metavar="NAME", help="It is sent by this container or namespace (`host`: by the host itself).")
@click.option("--ttl", type=click.IntRange(0, 255), default=64, show_default=True)
@click.option("--mark", type=str, default="0", help="The packet's mark, e.g. 0x1.")
@click.option("--tcp-flags", "flags", default="syn", show_default=True, help="Comma-separated: syn, ack, fin, rst, psh, urg.")
@click.option("--icmp-type", type=click.IntRange(0, 255), help="Default: echo request.")
@click.option("--expect", type=click.Choice(["forwarded", "delivered", "dropped", "rejected", "looped", "unknown"]),
              help="Exit with 1 if the verdict is another one.")
@_assume
@click.option("--format", "form", type=click.Choice(["text", "json", "dot"]), default="text", show_default=True)
@_guarded
def trace(snapshot: str, proto: str, source: str | None, destination: str, interface: str | None, sender: str | None, ttl: int,
          mark: str, flags: str, icmp_type: int | None, expect: str | None, assumed: tuple[str, ...], form: str) -> None:
    """Ask about one packet that is in no capture.

    \b
    Examples:
      packetpath trace S --from web --dst 198.51.100.80:80
      packetpath trace S --in eth0 --src 203.0.113.50:40000 --dst 203.0.113.10:8080
    """
    from visualize.load import load
    from visualize.trace import Question, ask, parse_flags
    loaded = load(snapshot)
    if (interface is None) == (sender is None):
        raise click.UsageError("say where the packet comes from: either --in IFACE or --from CONTAINER|NETNS")
    try:
        question = Question(proto, source, destination, interface, sender, ttl, int(mark, 0), parse_flags(flags), icmp_type)
        path = ask(loaded.built.host, question, _assumptions(assumed))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    match form:
        case "json":
            from visualize.line import path_record
            _json({"schema": "packetpath-trace/1", **path_record(path)})
        case "dot":
            from visualize.draw.dot import to_dot
            from visualize.draw.scene import path_scene
            from visualize.trace import as_flow
            click.echo(to_dot(path_scene(loaded.built.host, as_flow(path))), nl=False)
        case _:
            from visualize.show import print_trace
            print_trace(loaded.built.host, path)
    if expect is not None and path.verdict.value != expect:
        fail(f"expected {expect}, but the packet is {path.verdict.value}", EXIT_DIFFERENT)


if __name__ == "__main__":
    main()
