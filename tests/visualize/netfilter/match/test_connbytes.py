"""`-m connbytes`: what the connection has carried."""

from snapshot.parse.iptables_rule import rule
from visualize.netfilter.match.connbytes import bind

from ..case import Case, World, here_of, packet_of

CASES = r"""
-m connbytes --connbytes 1000: --connbytes-dir both --connbytes-mode bytes ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; UNKNOWN before the capture
-m connbytes ! --connbytes 1000: --connbytes-dir both --connbytes-mode bytes ; tcp 10.0.0.1:1000 > 10.0.0.2:80 state=NEW ; UNKNOWN yes
-m connbytes ! --connbytes 0: --connbytes-dir both --connbytes-mode bytes ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO the packet belongs to no connection
-m connbytes --connbytes 1000: ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()


def test_directions_and_modes() -> None:
    """Packets, bytes and bytes per packet, of one direction or of both."""
    packet, words = packet_of("tcp 10.0.0.1:1 > 10.0.0.2:2 state=ESTABLISHED")
    here = here_of(packet, words, World())
    here.connection.carried = [[3, 300], [1, 1000]]  # type: ignore[union-attr,misc]

    def said(span: str, direction: str, mode: str) -> str:
        text = f"-A X -m connbytes --connbytes {span} --connbytes-dir {direction} --connbytes-mode {mode}"
        return bind(rule(text, ("t", 1), 1).matches[0], "ip").test(packet, here).truth.name

    assert [said("3:3", "original", "packets"), said("4", "both", "packets"), said("2:", "reply", "packets")] == ["YES", "YES", "NO"]
    assert [said("1000", "reply", "bytes"), said("1301:", "both", "bytes"), said(":300", "original", "bytes")] == ["YES", "NO", "YES"]
    assert [said("325:325", "both", "avgpkt"), said("101:", "original", "avgpkt")] == ["YES", "NO"]
