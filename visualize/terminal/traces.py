"""`--format trace` and `--diff` of `packetpath replay`: paths in the words of the kernel's TRACE, or beside a recorded one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from snapshot.host import Host
    from visualize.draw.kernel_trace import Line
    from visualize.packet.packet import Packet
    from visualize.replay import Replayed


def print_traces(host: Host, replayed: Iterable[Replayed]) -> None:
    """The lines of every packet, each packet behind a comment that names it."""
    from visualize.draw.kernel_trace import lines
    from visualize.draw.quoting import terminal
    from visualize.line import time_text
    for one in replayed:
        place = f"{one.netns} {one.interface or 'sent here'}"
        click.echo(f"# {terminal(one.capture)} packet {one.number} {time_text(one.time_ns)} {terminal(place)}, {one.path.certainty.value}")
        for line in lines(one.path, host):
            click.echo(str(line))


class NoTraceError(ValueError):
    """The file that was given as a recorded trace holds none."""


def print_difference(host: Host, replayed: Iterable[Replayed], file: str) -> bool:
    """Each packet whose recorded trace differs, as a unified diff; returns whether one does. Raises NoTraceError."""
    from visualize.trace_diff import compare, read
    with open(file, errors="surrogateescape") as recorded:
        known = read(recorded.read(), _numbers(host))
    if not known:
        raise NoTraceError(f"{file}: no trace in it (TRACE: lines of the kernel's log, xtables-monitor --trace, or nft monitor trace)")
    found = compare(known, _lines(host, replayed))
    for text in found.report():
        click.echo(text)
    return bool(found.differing)


def _lines(host: Host, replayed: Iterable[Replayed]) -> Iterator[tuple[str, Packet, list[Line]]]:
    from visualize.draw.kernel_trace import lines
    every = list(replayed)
    own = {id(one.way.path) for one in every}  # an answer that the capture shows is a packet of its own
    for one in every:
        yield f"{one.capture} packet {one.number}", one.path.start, list(lines(one.path, host))
        for child in (child for child in one.path.children if id(child) not in own):
            yield f"{one.capture} packet {one.number}'s answer", child.start, list(lines(child, host))


def _numbers(host: Host) -> dict[tuple[str, str, str], int]:
    """Each rule's number by table, chain and text."""
    return {(table.name, chain.name, rule.text): rule.number for namespace in host.namespaces.values()
            for tables in (namespace.tables4, namespace.tables6) for table in tables or () for chain in table.chains.values()
            for rule in chain.rules}
