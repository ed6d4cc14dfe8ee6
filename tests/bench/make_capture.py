"""Generate an `any` (SLL2) capture of a Docker host, each packet seen on three interfaces: veth, docker0 and the outer one.

    python tests/bench/make_capture.py SNAPSHOT OUT.pcap --frames 1000000 --connections 20000

Every second connection goes from a container to the outside (MASQUERADE), the others come in by a published port (DNAT). The snapshot
gives interfaces and addresses (the default-bridge sample fits: docker0, a port 8080 published on eth0, the outside behind eth1).
The same arguments give the same bytes; memory does not grow with the frames.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from snapshot.archive import open_snapshot
from snapshot.build import build

FRAME = np.dtype([("sec", "<u4"), ("usec", "<u4"), ("cap", "<u4"), ("len", "<u4"), ("proto", ">u2"), ("zero", ">u2"), ("ifindex", ">u4"),
                  ("arp", ">u2"), ("kind", "u1"), ("halen", "u1"), ("mac", "S8"), ("vihl", "u1"), ("tos", "u1"), ("iplen", ">u2"), ("id", ">u2"),
                  ("frag", ">u2"), ("ttl", "u1"), ("prot", "u1"), ("ipsum", ">u2"), ("src", ">u4"), ("dst", ">u4"), ("sport", ">u2"),
                  ("dport", ">u2"), ("seq", ">u4"), ("ack", ">u4"), ("off", "u1"), ("flags", "u1"), ("win", ">u2"), ("sum", ">u2"), ("urg", ">u2")])
SERVER, CLIENT = int(ip_address("198.51.100.80")), int(ip_address("203.0.113.100"))
PUBLISHED, LISTENING = 8080, 80
CHUNK = 300_000  # packets
SIZES = (0, 12, 52, 160, 33)  # bytes of data
HOST, OTHERHOST, OUTGOING = 0, 3, 4  # linux/if_packet.h
Rows = NDArray[np.void]
Column = NDArray[Any]


@dataclass(frozen=True)
class Lab:
    """What the snapshot tells: interface indices and addresses, as numbers."""

    veth: int
    docker0: int
    eth0: int
    eth1: int
    container: int
    outer0: int
    outer1: int


def lab(snapshot: str) -> Lab:
    """Read interfaces and addresses of a captured Docker host."""
    host = build(open_snapshot(snapshot)).host
    links = host.namespaces["host"].interfaces
    port = next(link for link in links.values() if link.master == "docker0" and link.peer_netns == "web")
    container = host.namespaces["web"].interfaces["eth0"].addresses[0].local
    return Lab(port.index or 0, links["docker0"].index or 0, links["eth0"].index or 0, links["eth1"].index or 0, int(container),
               int(links["eth0"].addresses[0].local), int(links["eth1"].addresses[0].local))


def rows(place: Lab, number: Column, connections: int, mixed: bool = False) -> Rows:
    """The three frames of each of these packets. Packet n belongs to connection n % connections."""
    connection, turn = number % connections, number // connections
    published = connection % 2 == 1
    outward = (turn % 2 == 0) ^ published
    high, low = connection // 60_000, 1024 + connection % 60_000
    remote = np.where(published, CLIENT + high, SERVER), np.where(published, low, LISTENING + high)
    inside = np.full_like(number, place.container), np.where(published, LISTENING, low)
    outside = np.where(published, place.outer0, place.outer1), np.where(published, PUBLISHED, low)
    outer = np.where(published, place.eth0, place.eth1)
    found = np.zeros(len(number) * 3, FRAME)
    for step in range(3):
        part = found[step::3]
        seen_outside = outward if step == 2 else ~outward if step == 0 else np.zeros_like(outward)
        address, port = np.where(seen_outside, outside[0], inside[0]), np.where(seen_outside, outside[1], inside[1])
        _link(part, number, step)
        veth_first, outer_first = (place.veth, place.docker0, outer), (outer, place.docker0, place.veth)
        part["ifindex"] = np.where(outward, veth_first[step], outer_first[step])
        part["kind"] = np.where(outward, (OTHERHOST, HOST, OUTGOING)[step], (HOST, OUTGOING, OUTGOING)[step])
        part["src"], part["sport"] = np.where(outward, address, remote[0]), np.where(outward, port, remote[1])
        part["dst"], part["dport"] = np.where(outward, remote[0], address), np.where(outward, remote[1], port)
        part["ttl"] = np.where(outward, 64 - (step == 2), 64 - (step > 0))
        data = _sizes(connection, turn) if mixed else np.zeros_like(number)
        part["cap"] = part["len"] = 60 + data
        part["iplen"] = 40 + data
        _tcp(part, connection, turn, data, _sent(connection, turn) if mixed else (data, data))
    return found


def _link(part: Rows, number: Column, step: int) -> None:
    part["sec"], part["usec"] = 1_700_000_000 + number // 100_000, number % 100_000 * 10 + step
    part["cap"] = part["len"] = 20 + 40
    part["proto"], part["arp"], part["halen"], part["mac"] = 0x0800, 1, 6, b"\x02\x42\xac\x11\x00\x02"
    part["vihl"], part["iplen"], part["id"], part["frag"], part["prot"] = 0x45, 40, number & 0xFFFF, 0x4000, 6


def _tcp(part: Rows, connection: Column, turn: Column, data: Column, sent: tuple[Column, Column]) -> None:
    """A handshake, then segments to and fro; the checksum as a stack leaves it for the hardware to complete. `sent`: bytes by each side before."""
    back = turn % 2 == 1
    part["off"], part["win"], part["flags"] = 0x50, 64240, np.choose(np.minimum(turn, 2), (0x02, 0x12, 0x10))
    there = connection * 2_654_435_761 + (turn > 0) + sent[0] & 0xFFFFFFFF
    here = connection * 2_246_822_519 + (turn > 1) + sent[1] & 0xFFFFFFFF
    part["seq"] = np.where(back, here, there)
    part["ack"] = np.where(turn == 0, 0, np.where(back, there, here))
    source, target = part["src"].astype(np.int64), part["dst"].astype(np.int64)
    pseudo = (source >> 16) + (source & 0xFFFF) + (target >> 16) + (target & 0xFFFF) + 6 + 20 + data
    pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
    part["sum"] = (pseudo & 0xFFFF) + (pseudo >> 16)


def _sizes(connection: Column, turn: Column) -> Column:
    """Bytes of data; none in a handshake."""
    return np.where(turn > 2, np.array(SIZES)[(connection + turn) % len(SIZES)], 0)


def _sent(connection: Column, turn: Column) -> tuple[Column, Column]:
    """What each side has sent before: who opened the connection in even turns, the other one in odd ones."""
    kind, turns = np.arange(len(SIZES))[:, None], np.arange(int(turn.max()) + 1)[None, :]
    every = _sizes(kind, turns)
    before = [np.cumsum(np.where(turns % 2 == side, every, 0), axis=1) - np.where(turns % 2 == side, every, 0) for side in (0, 1)]
    return before[0][connection % len(SIZES), turn], before[1][connection % len(SIZES), turn]


def _spread(part: Rows) -> Column:
    """The records as bytes, each with its data (zeros) behind it."""
    sizes = part["cap"].astype(np.int64) + 16
    ends = np.cumsum(sizes)
    found = np.zeros(int(ends[-1]), np.uint8)
    found[(ends - sizes)[:, None] + np.arange(FRAME.itemsize)] = part.view(np.uint8).reshape(len(part), FRAME.itemsize)
    return found


def chunks(place: Lab, frames: int, connections: int, mixed: bool) -> Iterator[Rows]:
    """The capture's records, so many packets at a time."""
    packets = frames // 3
    for start in range(0, packets, CHUNK):
        yield rows(place, np.arange(start, min(start + CHUNK, packets)), connections, mixed)


def generate(snapshot: str, out: str, frames: int, connections: int, mixed: bool = False) -> None:
    """Write the capture."""
    place = lab(snapshot)
    with open(out, "wb") as file:
        file.write(np.array([0xA1B2C3D4, 0x00040002, 0, 0, 262144, 276], "<u4").tobytes())
        for part in chunks(place, frames, connections, mixed):
            (_spread(part) if mixed else part).tofile(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot")
    parser.add_argument("out")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--mixed", action="store_true", help="segments with data of several sizes, so that no two records in a row are alike")
    given = parser.parse_args()
    generate(given.snapshot, given.out, given.frames, given.connections, given.mixed)
