"""`packetpath draw`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    EXIT_DIFFERENT,
    PICTURES,
    Speed,
    assume_option,
    assumptions,
    cache_option,
    chosen_flows,
    cluster_option,
    detail_option,
    fail,
    guarded,
    jobs_option,
    link_option,
    named_captures,
    opened,
    pcap_option,
    portrayed,
    snapshot_argument,
    style,
    theme_option,
    warn,
    where_test,
)

if TYPE_CHECKING:
    from snapshot.finding import Finding
    from snapshot.host import Host
    from visualize.draw.scene import Scene
    from visualize.flow import Flow
    from visualize.load import Loaded
    from visualize.pictures import Found


@click.command("draw")
@snapshot_argument
@pcap_option
@assume_option
@click.option("-o", "output", required=True, type=click.Path(file_okay=False), metavar="DIR", help="The folder for the pictures.")
@click.option("--flow", "numbers", type=int, multiple=True, metavar="N", help="Only this flow. Repeatable.")
@click.option("--where", metavar="EXPR", help="Only flows for which this holds (see `packetpath flows`).")
@click.option("--compare", type=int, nargs=2, metavar="A B", help="Flow A beside flow B, with a mark where they first part; nothing else is drawn.")
@click.option("--highlight", "marked", type=int, multiple=True, metavar="N", help="Draw the way of flow N thick on the topology. Repeatable.")
@click.option("--each", is_flag=True, help="A picture for every flow, also where flows differ only in the client's port.")
@click.option("--format", "formats", type=click.Choice(PICTURES), multiple=True, default=("svg",), show_default=True,
              help="Repeatable.")
@detail_option
@theme_option
@link_option
@cache_option
@jobs_option
@cluster_option
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, numbers: tuple[int, ...], where: str | None,
            compare: tuple[int, int] | None, marked: tuple[int, ...], each: bool, formats: tuple[str, ...], detail: str, theme: str,
            link: str, cached: bool, jobs: int, cluster: str | None) -> None:
    """Draw the flows, the host's topology and the rules that were met, into a folder.

    Flows that went the same way share a picture, named after the first of them.

    \b
    Examples:
      packetpath draw samples/default-bridge/snapshot.tar.gz -o out --flow 9 --format png
      packetpath draw samples/default-bridge/snapshot.tar.gz -o out --compare 9 10
    """
    from visualize.pictures import flow_scenes, map_scenes, write_pictures
    from visualize.progress import working
    loaded = opened(snapshot)
    host = loaded.built.host
    findings: list[Finding] = []
    if not (pcaps or loaded.built.captures or where or numbers or marked or compare):
        click.echo("packetpath: the snapshot holds no capture: only the topology is drawn (name a capture with --pcap)", err=True)
        scenes = _topology(host)
    else:
        found, findings = _found(loaded, pcaps, assumed, where, Speed(cached, jobs, cluster))
        _check(found, (*(compare or ()), *numbers, *marked))
        if compare is not None:
            scenes = _compared(host, found.replayed(compare), detail, assumptions(assumed))
        else:
            drawn = replace(found, numbers=list(dict.fromkeys(numbers))) if numbers else found
            with working("telling ways apart"):
                scenes = map_scenes(host, drawn, found.replayed(marked)) | flow_scenes(host, drawn, detail, each)
    written = write_pictures(scenes, output, formats, style(theme, link))
    click.echo(f"wrote {len(written)} pictures into {output}/", err=True)
    warn(findings)


def _found(loaded: Loaded, pcaps: tuple[str, ...], assumed: tuple[str, ...], where: str | None, speed: Speed) -> tuple[Found, list[Finding]]:
    """The flows for which `where` holds, and what was found while reading; of a large capture, equal connections are replayed once."""
    from visualize.load import damage, replay
    from visualize.pictures import Found, found
    keep = where_test(where)
    captures, findings = named_captures(loaded, pcaps)
    portraits = portrayed(loaded, captures, assumed, speed)
    if portraits is not None:
        result = Found(portraits.numbers(loaded.built.host, keep), portraits.flows, portraits.replayed)
    else:
        result = found(chosen_flows(loaded, replay(loaded, captures, assumptions(assumed), speed.cached), where))
    return result, findings + damage(captures)


def _topology(host: Host) -> dict[str, Scene]:
    from visualize.draw.topology import topology_scene
    return {"topology": topology_scene(host)}


def _compared(host: Host, flows: Sequence[Flow], detail: str, assumed: dict[str, bool]) -> dict[str, Scene]:
    """Two flows side by side."""
    from visualize.draw.compare import compare_scene
    from visualize.whynot import missed
    first, second = flows
    scene = compare_scene(host, first, second, detail, missed(host, first, second, assumed))
    return {scene.name: scene}


def _check(found: Found, numbers: Sequence[int]) -> None:
    """Fails where there are no flows of these numbers."""
    missing = sorted(set(numbers) - set(found.numbers))
    if missing:
        fail(f"no flow {', '.join(map(str, missing))} (see `packetpath flows`)", EXIT_DIFFERENT)
