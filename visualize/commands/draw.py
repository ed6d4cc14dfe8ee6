"""`packetpath draw`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from visualize.commands.common import (
    EXIT_DIFFERENT,
    PICTURES,
    assume_option,
    assumptions,
    detail_option,
    fail,
    find_flows,
    guarded,
    link_option,
    pcap_option,
    snapshot_argument,
    style,
    theme_option,
    warn,
)

if TYPE_CHECKING:
    from visualize.flow import Flow


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
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str, numbers: tuple[int, ...], where: str | None,
            compare: tuple[int, int] | None, marked: tuple[int, ...], each: bool, formats: tuple[str, ...], detail: str, theme: str,
            link: str) -> None:
    """Draw the flows, the host's topology and the rules that were met, into a folder.

    Flows that went the same way share a picture, named after the first of them.

    \b
    Examples:
      packetpath draw samples/default-bridge/snapshot.tar.gz -o out --flow 9 --format png
      packetpath draw samples/default-bridge/snapshot.tar.gz -o out --compare 9 10
    """
    from visualize.load import load
    from visualize.pictures import flow_scenes, map_scenes, write_pictures
    loaded = load(snapshot)
    host = loaded.built.host
    alone = not (pcaps or loaded.built.captures or where or numbers or marked or compare)
    found, findings = ([], []) if alone else find_flows(loaded, pcaps, assumed, where)
    if alone:
        from visualize.draw.topology import topology_scene
        scenes = {"topology": topology_scene(host)}
        click.echo("packetpath: the snapshot holds no capture: only the topology is drawn (name a capture with --pcap)", err=True)
    elif compare is not None:
        from visualize.draw.compare import compare_scene
        from visualize.whynot import missed
        first, second = _named(found, compare)
        scene = compare_scene(host, first, second, detail, missed(host, first, second, assumptions(assumed)))
        scenes = {scene.name: scene}
    else:
        drawn = _named(found, numbers) if numbers else found
        scenes = map_scenes(host, drawn, _named(found, marked)) | flow_scenes(host, drawn, detail, each)
    written = write_pictures(scenes, output, formats, style(theme, link))
    click.echo(f"wrote {len(written)} pictures into {output}/", err=True)
    warn(findings)


def _named(flows: list[Flow], numbers: tuple[int, ...]) -> list[Flow]:
    """The flows of these numbers, in that order."""
    known = {flow.number: flow for flow in flows}
    missing = [number for number in numbers if number not in known]
    if missing:
        fail(f"no flow {', '.join(map(str, missing))} (see `packetpath flows`)", EXIT_DIFFERENT)
    return [known[number] for number in numbers]
