"""`packetpath export`."""

from __future__ import annotations

import click

from visualize.commands.common import assume_option, guarded, opened, pcap_option, replayed_packets, snapshot_argument, warn


@click.command("export")
@snapshot_argument
@pcap_option
@assume_option
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="The pcapng file to write.")
@guarded
def command(snapshot: str, pcaps: tuple[str, ...], assumed: tuple[str, ...], output: str) -> None:
    """Write every packet at each hop as it looked there, as a pcapng file for Wireshark.

    Each hop is an interface of its own; a packet's comment names the rule that changed it since the hop before. Packets are written
    from the IP header on: MAC addresses and VLAN tags are not.

    Example: packetpath export samples/default-bridge/snapshot.tar.gz -o hops.pcapng
    """
    from visualize.cli import VERSION
    from visualize.export import export
    from visualize.progress import watched
    loaded = opened(snapshot)
    replayed, findings = replayed_packets(loaded, pcaps, assumed)
    with open(output, "wb") as file:
        count = export(watched(replayed, "exporting"), file, f"packetpath {VERSION}")
    click.echo(f"wrote {output}: {count} records", err=True)
    warn(findings)
