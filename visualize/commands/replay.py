"""`packetpath replay`."""

from __future__ import annotations

import sys

import click

from visualize.commands.common import (
    assume_option,
    guarded,
    pcap_option,
    replayed_packets,
    snapshot_argument,
    warn,
)


@click.command("replay")
@snapshot_argument
@pcap_option
@assume_option
@click.option("--format", "form", type=click.Choice(["ndjson"]), default="ndjson", show_default=True)
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], form: str) -> None:
    """Replay the capture: one JSON line for each packet, with every rule that matched (schema packetpath/1).

    Example: packetpath replay samples/default-bridge/snapshot.tar.gz --format ndjson
    """
    from visualize.line import replay_record, to_json
    from visualize.load import load
    loaded = load(snapshot)
    replayed, findings = replayed_packets(loaded, pcaps, assumed)
    for one in replayed:
        sys.stdout.write(to_json(replay_record(one)) + "\n")
    sys.stdout.flush()
    warn(findings)
