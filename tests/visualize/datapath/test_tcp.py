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
    ("> S 100000 0 0; < SA 500 100001 0; > A 100001 501 0; > PA 10 501 10", "IGNORE"),  # from before the window: passes, and changes nothing
    ("> S 100 0 0; < SA 500 101 0; > S 7000 0 0; < SA 9000 7001 0", "SYN_RECV"),  # both ends began anew: the tracking follows
    ("> S 100 0 0; < SA 500 101 0; > A 101 501 0; > S 9999 0 0", "IGNORE"),
    ("> S 100 0 0; > S 100 0 0", "RESENT"),
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
    assert (verdict.name if verdict.name in ("INVALID", "KILL", "IGNORE", "RESENT") else state.name) == ends


@pytest.mark.parametrize(("flags", "loose", "opens"), [("S", True, True), ("A", True, True), ("A", False, False), ("SA", True, False),
                                                       ("R", True, False), ("FA", True, False), ("SF", True, False)])
def test_what_can_open_a_connection(flags: str, loose: bool, opens: bool) -> None:
    """A SYN, and an ACK where mid-stream pick-up is on (tcp_loose); nothing else."""
    packet, _ = segment(f"> {flags} 1 1 0")
    assert tcp.opens(tcp.State(), packet, loose) is opens


@pytest.mark.parametrize(("rules", "expected"), [(tcp.Rules(), tcp.Advance.IGNORE), (tcp.Rules(passes_late=False), tcp.Advance.INVALID),
                                                 (tcp.Rules(liberal=True), tcp.Advance.ACCEPT)])
def test_a_late_segment_passes_on_newer_kernels(rules: tcp.Rules, expected: tcp.Advance) -> None:
    """Since Linux 6.1 a segment from before the window passes as one of its connection; before it was INVALID, unless tcp_be_liberal is set."""
    state = tcp.State()
    assert tcp.opens(state, segment("> S 100000 0 0")[0], loose=True)
    for text, seen in (("< SA 500 100001 0", False), ("> A 100001 501 0", True)):
        assert tcp.advance(state, *segment(text), seen, False, rules) is tcp.Advance.ACCEPT
    assert tcp.advance(state, *segment("> PA 10 501 10"), True, True, rules) is expected


def test_the_windows_of_a_captured_connection_are_not_known() -> None:
    """The first segment of each side is taken for valid, and says so; the next ones are judged by it."""
    state = tcp.State.captured("ESTABLISHED")
    for text, guessed in (("> PA 100 500 10", True), ("< A 500 110 0", True), ("> PA 110 500 10", False), ("> PA 900000 500 10", True)):
        tcp.advance(state, *segment(text), True, True, tcp.Rules())
        assert bool(state.guess) is guessed
