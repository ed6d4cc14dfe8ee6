"""Conntrack's TCP state machine: short transcripts. `> FLAGS seq ack len` goes the original way, `<` the reply way."""

from ipaddress import ip_address

import pytest

from visualize.datapath import tcp
from visualize.packet.packet import Packet

FLAGS = {"S": 2, "A": 16, "F": 1, "R": 4, "P": 8}


def segment(text: str) -> tuple[Packet, bool]:
    """A segment of a transcript, and whether it is a reply."""
    way, flags, seq, ack, size = text.split()
    value = sum(FLAGS[letter] for letter in flags)
    return Packet(ip_address("10.0.0.1"), ip_address("10.0.0.2"), 6, sport=1, dport=2, tcp_flags=value, seq=int(seq), ack=int(ack), window=1000,
                  transport_length=int(size)), way == "<"


@pytest.mark.parametrize(("transcript", "ends"), [
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0", "ESTABLISHED"),
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0; > FA 101 501 0; < A 501 102 0; < FA 501 102 0; > A 102 502 0", "TIME_WAIT"),
    ("> S 100 0 0; < RA 0 101 0", "KILL"),
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0; > PA 900000 501 10", "INVALID"),
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0; < A 501 999999 0", "INVALID"),
    ("> S 100 0 0; > A 101 1 0", "INVALID"),
    ("> A 100 500 0; < A 500 100 10", "ESTABLISHED"),
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0; > RA 101 501 0", "CLOSE"),
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0; > R 5 0 0", "INVALID"),
])
def test_a_transcript_ends_in_its_state(transcript: str, ends: str) -> None:
    """The last segment's verdict, or the state that the connection is in."""
    state, seen = tcp.State(), False
    verdict: tcp.Advance | None = None
    for index, text in enumerate(transcript.split("; ")):
        packet, reply = segment(text)
        if index == 0:
            assert tcp.opens(state, packet, loose=True)
            tcp_first = state.name
            assert tcp_first in ("SYN_SENT", "ESTABLISHED")
            continue
        verdict = tcp.advance(state, packet, reply, seen, False, tcp.Rules())
        seen = seen or reply
    assert verdict is not None
    assert (verdict.name if verdict.name in ("INVALID", "KILL") else state.name) == ends


@pytest.mark.parametrize(("flags", "loose", "opens"), [("S", True, True), ("A", True, True), ("A", False, False), ("SA", True, False),
                                                       ("R", True, False), ("FA", True, False), ("SF", True, False)])
def test_what_can_open_a_connection(flags: str, loose: bool, opens: bool) -> None:
    """A SYN, and an ACK where mid-stream pick-up is on (tcp_loose); nothing else."""
    packet, _ = segment(f"> {flags} 1 1 0")
    assert tcp.opens(tcp.State(), packet, loose) is opens
