"""`-m string`: bytes anywhere in the packet (string_mt in xt_string.c, skb_find_text).

    -A FORWARD -p tcp -m string --string "GET /admin" --algo bm --to 65535 -j DROP

Offsets count from the IP header. NAT rewrites headers but not what lies behind them, so a hit in the payload is certain.
"""

import re

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import current_bytes, not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet


class String:
    """The bound match."""

    def __init__(self, pattern: bytes, first: int, last: int, ignore_case: bool, negated: bool) -> None:
        self.pattern = re.compile(re.escape(pattern), re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL)
        self.size, self.first, self.last, self.negated = len(pattern), first, last, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES where the bytes begin between --from and --to."""
        data = current_bytes(packet)
        found = self.pattern.search(data, self.first)
        if found and found.start() <= self.last:
            if found.end() > self.last and self.last < 65535:
                return self._beyond(here)
            return decide(True, "the text is in the packet", self.negated)
        if len(data) < min(packet.length or 65535, self.last + self.size):
            return not_captured("the whole payload").negate(self.negated)
        return decide(False, "the text is not in the packet", self.negated)


    def _beyond(self, here: Here) -> Answer:
        """The text begins before --to and ends behind it. Linux 6.7 began to refuse that (skb_find_text), and older kernels may have it too."""
        version = re.match(r"(\d+)\.(\d+)", here.world.kernel)
        if version and (int(version[1]), int(version[2])) >= (6, 7):
            return decide(False, "the text reaches beyond --to", self.negated)
        return unknown("-m string: the text reaches beyond --to; kernels before 6.7 match it, later ones don't",
                       settle="the host's kernel version").negate(self.negated)


def hex_pattern(text: str) -> bytes:
    """`GET|0d 0a|` as bytes: hexadecimal between bars, text outside; a backslash takes the next character as it is."""
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] == "|":
            end = text.find("|", at + 1)
            try:
                out += bytes.fromhex(text[at + 1:end] if end > 0 else "bad")
            except ValueError as error:
                raise BindError(f"{text!r} is not a hex string") from error
            at = end + 1
            continue
        at += text[at] == "\\" and at + 1 < len(text)
        out += text[at].encode("utf-8", "surrogateescape")
        at += 1
    return bytes(out)


def bind(clause: Clause, family: str) -> String:
    """Bind `-m string`."""
    pattern, first, last, ignore_case, negated = b"", 0, 65535, False, False
    for option in clause.options:
        match option.name:
            case "--string":
                pattern, negated = word(option).encode("utf-8", "surrogateescape"), option.negated
            case "--hex-string":
                pattern, negated = hex_pattern(word(option)), option.negated
            case "--from":
                first = integer(word(option), 65535)
            case "--to":
                last = integer(word(option), 65535)
            case "--icase":
                ignore_case = True
            case "--algo":
                pass
            case _:
                raise not_known(option)
    if not pattern:
        raise BindError("there is no text to look for")
    return String(pattern, first, last, ignore_case, negated)
