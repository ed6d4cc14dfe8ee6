"""Generate an `any` (SLL2) capture of a Docker host: containers reaching out by MASQUERADE, each packet seen on three interfaces.

    python tests/bench/make_capture.py SNAPSHOT OUT.pcap --frames 1000000 --connections 20000

The snapshot gives the interfaces (the default-bridge sample fits). The same arguments give the same bytes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from snapshot.archive import open_snapshot
from snapshot.build import build

FRAME = np.dtype([("sec", "<u4"), ("usec", "<u4"), ("cap", "<u4"), ("len", "<u4"), ("proto", ">u2"), ("zero", ">u2"), ("ifindex", ">u4"),
                  ("arp", ">u2"), ("kind", "u1"), ("halen", "u1"), ("mac", "S8"), ("vihl", "u1"), ("tos", "u1"), ("iplen", ">u2"), ("id", ">u2"),
                  ("frag", ">u2"), ("ttl", "u1"), ("prot", "u1"), ("ipsum", ">u2"), ("src", ">u4"), ("dst", ">u4"), ("sport", ">u2"),
                  ("dport", ">u2"), ("seq", ">u4"), ("ack", ">u4"), ("off", "u1"), ("flags", "u1"), ("win", ">u2"), ("sum", ">u2"), ("urg", ">u2")])


def generate(snapshot: str, out: str, frames: int, connections: int) -> None:
    """Write the capture. Each packet makes three frames: veth and eth1 (and docker0, for the one that comes back)."""
    host = build(open_snapshot(snapshot)).host
    namespace = host.namespaces["host"]
    port = next(i for i in namespace.interfaces.values() if i.master == "docker0")
    container = host.namespaces[port.peer_netns or ""].interfaces["eth0"].addresses[0].local
    outer = namespace.interfaces["eth1"].addresses[0].local
    docker0 = namespace.interfaces["docker0"]
    packets = frames // 3
    number = np.arange(packets)
    connection, turn = number % connections, number // connections
    back = turn % 2 == 1
    rows = np.zeros(packets * 3, FRAME)
    for step in range(3):
        part = rows[step::3]
        part["sec"], part["usec"] = 1_700_000_000 + number // 100_000, number % 100_000 * 10 + step
        part["cap"] = part["len"] = 20 + 40
        part["proto"], part["arp"], part["halen"] = 0x0800, 1, 6
        part["vihl"], part["iplen"], part["id"], part["frag"], part["prot"] = 0x45, 40, number & 0xFFFF, 0x4000, 6
        part["off"], part["win"] = 0x50, 64240
        part["flags"] = np.where(turn == 0, 2, np.where(turn == 1, 0x12, 0x10))
        part["seq"], part["ack"] = np.where(turn == 0, 1000, np.where(back, 5000 + (turn > 1), 1001)), np.where(
            turn == 0, 0, np.where(back, 1001, 5001))
        client, server = 1024 + connection % 60000, 0xC6336450
        out_src, in_src = int(outer), int(container)
        seen_outside = np.full(packets, step == 2) if step != 1 else np.zeros(packets, bool)
        outside = np.where(back, step == 0, seen_outside)
        part["src"] = np.where(back, server, np.where(outside, out_src, in_src))
        part["dst"] = np.where(back, np.where(outside, out_src, in_src), server)
        part["sport"], part["dport"] = np.where(back, 80 + connection // 60000, client), np.where(back, client, 80 + connection // 60000)
        part["ttl"] = np.where(back, 64 - (step > 0), 64 - (step == 2))
        source, target = part["src"].astype(np.int64), part["dst"].astype(np.int64)
        pseudo = (source >> 16) + (source & 0xFFFF) + (target >> 16) + (target & 0xFFFF) + 6 + 20
        pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
        part["sum"] = (pseudo & 0xFFFF) + (pseudo >> 16)  # as a stack leaves it for the hardware to complete
        eth1 = namespace.interfaces["eth1"].index or 0
        part["ifindex"] = np.where(back, (eth1, docker0.index, port.index)[step], (port.index, docker0.index, eth1)[step])
        part["kind"] = np.where(back, 0 if step == 0 else 4, (3, 0, 4)[step])
    with open(out, "wb") as file:
        file.write(np.array([0xA1B2C3D4, 0x00040002, 0, 0, 262144, 276], "<u4").tobytes())
        rows.tofile(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snapshot")
    parser.add_argument("out")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=20_000)
    given = parser.parse_args()
    generate(given.snapshot, given.out, given.frames, given.connections)
