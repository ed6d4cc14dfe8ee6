"""The words of `--format trace` against the kernel's own TRACE: tables, chains, rules, ends of chains, policies. Needs root."""

import time
from pathlib import Path

import pytest

from . import nflog, wire
from .case import Case
from .scenarios import DOCKER, A, B, save
from .world import World

pytestmark = pytest.mark.kernel

CHAINS = save(mangle="""
    :ONE - [0:0]
    :TWO - [0:0]
    :THREE - [0:0]
    -A PREROUTING -j ONE
    -A PREROUTING -p udp -j TWO
    -A PREROUTING -p icmp -j ACCEPT
    -A PREROUTING -m comment --comment "not unconditional" -j ACCEPT
    -A ONE -p tcp -g TWO
    -A ONE -p udp -j RETURN
    -A TWO -p tcp -j THREE
    -A TWO -j RETURN
    -A TWO -j DROP
    -A THREE -d 10.9.9.9 -j DROP""", filter="-A FORWARD -d 10.2.0.3 -j REJECT\n-A FORWARD -j ACCEPT", nat="-A POSTROUTING -s 10.1.0.3 -j MASQUERADE")


@pytest.mark.parametrize("rules", [CHAINS, save(**DOCKER)], ids=["chains", "docker"])
def test_the_lines_are_the_kernels(rules: str, tmp_path: Path) -> None:
    """Every line of the legacy trace, `policy:N` and `return:N` included, in order."""
    from visualize.draw.kernel_trace import lines
    from visualize.load import load, replay, sources
    with World(Case("trace", rules={"legacy": rules})) as world:
        world.snapshot(tmp_path / "snapshot.tar.gz")
        world.instrument()
        told, frames = [], []
        for number, packet in enumerate(_packets(), 1):
            world.send("eth0", wire.ip(*packet, ident=number))
            time.sleep(0.02)
            heard = [line for sock in world.logs for line in nflog.drain_log(sock) if isinstance(line, nflog.Traced)]
            told.append([f"{line.table}:{line.chain}:{line.kind}:{line.number - world.lab_rules('legacy', line.table, line.chain)}"
                         for line in heard if wire.take_apart(line.packet).ident == number])
            frames += [frame for frame in world.frames() if not frame.outgoing and wire.take_apart(frame.data).ident == number][:1]
    (tmp_path / "any.pcap").write_bytes(wire.pcap(wire.LINKTYPE_SLL2, ((frame.time, frame.sll2()) for frame in frames)))
    loaded = load(str(tmp_path / "snapshot.tar.gz"))
    said = [[f"{line.table}:{line.chain}:{line.kind}:{line.number}" for line in lines(one.path, loaded.built.host)]
            for one in replay(loaded, sources(loaded, (str(tmp_path / "any.pcap"),))[0], {})]
    told = [[line for line in one if not line.startswith("raw:")] for one in told]  # the table of the lab's own TRACE rule
    assert any(told)
    assert said == told


def _packets() -> list[tuple[str, str, int, bytes]]:
    return [(src, dst, protocol, made) for src, dst in ((A, B), (A, "10.2.0.3"), ("10.1.0.3", B), (A, "10.1.0.1"))
            for protocol, made in ((wire.TCP, wire.tcp(src, dst, 1000, 80, "S", 1, 0)), (wire.UDP, wire.udp(src, dst, 1000, 53)),
                                   (wire.ICMP, wire.icmp(src, dst, 8, 0, 7 << 16)))]
