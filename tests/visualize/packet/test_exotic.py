"""Link types beyond our own reader's: scapy dissects them."""

import subprocess
import sys
from pathlib import Path

import pytest

from visualize.packet.decode import decode
from visualize.packet.exotic import frames


@pytest.fixture(scope="module")
def ppp() -> bytes:
    """A PPP capture (link type 9) with one TCP packet, written by scapy."""
    code = ("import sys\nfrom scapy.layers.ppp import PPP\nfrom scapy.layers.inet import IP, TCP\nfrom scapy.utils import PcapWriter\n"
            "w = PcapWriter(sys.stdout.buffer, linktype=9)\nw.write(bytes(PPP()/IP(src='10.0.0.1', dst='10.0.0.2')/TCP(sport=1, dport=80)))\nw.flush()")
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parent).stdout


def test_a_ppp_capture_is_read(ppp: bytes) -> None:
    """The IP packet inside, with its ports."""
    found = frames(ppp)
    assert found is not None
    decoded = decode(next(iter(found)))
    assert decoded is not None
    assert decoded.packet.describe() == "tcp 10.0.0.1:1 > 10.0.0.2:80"


def test_what_scapy_does_not_know_either_is_none() -> None:
    """Link type 147 is nobody's."""
    assert frames(b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\4\0\x93\0\0\0") is None
