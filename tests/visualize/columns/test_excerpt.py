"""Long representatives are replayed in excerpts, and nothing is another for that."""

import sys
from pathlib import Path

import numpy as np
import pytest

from visualize.columns import excerpt
from visualize.columns.cache import Cache
from visualize.columns.excerpt import excerpts
from visualize.columns.kept import Leads
from visualize.load import Loaded, load
from visualize.packet.pcap import read_frames

sys.path.insert(0, str(Path(__file__).parent))

import traffic
from test_cache import ROOT, cached, plain, source_of


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """A captured Docker host."""
    return load(str(ROOT / "samples/default-bridge/snapshot.tar.gz"))


@pytest.mark.parametrize("seed", range(12))
def test_rows_of_connections_seen_in_parts(loaded: Loaded, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every packet had been replayed: also where excerpts begin to leave packets out after the second one."""
    monkeypatch.setattr(excerpt, "LONG", 3)
    monkeypatch.setattr(excerpt, "_BEGIN", 2)
    monkeypatch.setattr(excerpt, "_FIRST", 1)
    data = traffic.capture(loaded.built.host, seed + 500, 150, (0, 0.03, 0.1)[seed % 3], (0, 0.004)[seed % 2])
    source = source_of(read_frames(data, "any.pcap"))
    assert cached(loaded, source) == plain(loaded, source)


def bulk(made: traffic.Traffic, talk: traffic.Talk, segments: int) -> None:
    """A handshake, many segments one way that are acknowledged now and then, and both FINs."""
    base, sent = [made.random.randrange(1 << 32) for _ in range(2)], [0, 0]
    talk.messages.clear()

    def say(reply: bool, flags: int, size: int = 0) -> None:
        me = int(reply)
        talk.messages.append((reply, traffic.Message(6, made.random.randrange(65536), made.random.randbytes(size), flags=flags, seq=base[me] + sent[me],
                                                     ack=base[1 - me] + sent[1 - me] if flags & traffic.ACK else 0)))
        sent[me] += size + bool(flags & (traffic.SYN | traffic.FIN))

    for reply, flags in ((False, traffic.SYN), (True, traffic.SYN | traffic.ACK), (False, traffic.ACK)):
        say(reply, flags)
    for number in range(segments):
        say(False, traffic.ACK, 1000)
        if number % 4 == 3:
            say(True, traffic.ACK)
    for reply, flags in ((False, traffic.FIN | traffic.ACK), (True, traffic.FIN | traffic.ACK), (False, traffic.ACK)):
        say(reply, flags)


@pytest.mark.parametrize("lost", [0, 0.0005])
def test_long_connections(loaded: Loaded, lost: float) -> None:
    """Few connections of many segments: few of their packets are replayed, and the rows are those of all of them."""
    made = traffic.Traffic(loaded.built.host, 11)
    frames: list[tuple[int, bytes]] = []
    for number in range(12):
        talk = made._published() if number % 2 else made._out()
        talk.protocol = 6
        bulk(made, talk, 600)
        frames += traffic._frames(made.random, talk, lost, 0)
    frames.sort(key=lambda one: one[0])
    source = source_of(read_frames(traffic.MAGIC + b"".join(data for _, data in frames), "any.pcap"))
    settled = Cache(loaded.built.host, {}, loaded.later, [source]).settled()
    assert settled is not None
    replayed = sum(flow.packets for flow in settled.witnesses.flows)
    assert lost or replayed < 0.2 * settled.table.rows.packets[:settled.table.count].sum()
    assert list(settled.flow_table(loaded.built.host).rows()) == plain(loaded, source)


def test_cut_only_where_nothing_is_under_way() -> None:
    """Parts begin at clean packets, hold what is wanted, and their bounds hold their frames alone."""
    count = 1000
    events = np.zeros(count, np.int32)
    events[500] = 7
    clean = np.arange(count) % 10 == 0
    found = excerpts({4: Leads(np.arange(count) * 3 + 1, events, clean), 9: Leads(np.arange(5) + 1, events[:5], clean[:5])})
    numbers = ((found.leads[4].numbers - 1) // 3).tolist()
    assert numbers == [*range(40), *range(500, 510), *range(990, 1000)]
    assert len(found.leads[9].numbers) == 5
    rows = np.arange(count * 3)
    inside = found.holds(np.full(len(rows), 4), rows)
    assert sorted({int(row) // 3 for row in rows[inside]}) == numbers
    assert int(inside.sum()) == 3 * len(numbers)
    assert found.holds(np.full(len(rows), 9), rows).all()
