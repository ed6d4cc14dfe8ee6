"""`-m limit`: a token bucket for the whole rule (limit_mt in xt_limit.c; iptables-nft makes nft's own limit of it, nft_limit_eval).

    -A INPUT -m limit --limit 3/min --limit-burst 10 -j LOG

The bucket is full when the rule is loaded. Where the rule has matched since, how full it is when the capture begins is not in a snapshot.
"""

import re

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, Truth, decide, unknown
from visualize.netfilter.bucket import Bucket, never_matched, new_bucket
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
SCALE = 10_000  # XT_LIMIT_SCALE: a legacy rule holds whole ten-thousandths of a second


def rate_of(text: str) -> tuple[int, int]:
    """`10/min` as (10, 60): packets, and seconds of the unit; a bare number is for a second (parse_rate)."""
    found = re.fullmatch(r"(\d+)(?:/(s\w*|m\w*|h\w*|d\w*))?", text)
    unit = next((size for name, size in UNITS.items() if found and name.startswith(found[2] or "second")), 0)
    if found is None or not unit or not int(found[1]):
        raise BindError(f"{text!r} is not a rate")
    return int(found[1]), unit


class Limit:
    """The bound match. The bucket is kept in here.memory, under the rule's key."""

    def __init__(self, text: str, burst: int, negated: bool) -> None:
        self.text, self.burst, self.negated = text, burst, negated
        self.packets, self.unit = rate_of(text)

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES within the limit."""
        known = here.fresh or never_matched(here, "limit")
        if here.time_ns is None:
            if known:
                return decide(True, "", self.negated)
            return unknown(f"-m limit: assumed to be under {self.text}; when the packet came is not known", True, weak=False).negate(self.negated)
        key = f"limit {here.rule_key}"
        bucket = here.memory.get(key)
        if bucket is None:
            bucket = here.memory[key] = new_bucket(self._cost(here.backend), self.burst, known, here, here.time_ns)
        assert isinstance(bucket, Bucket)
        match bucket.take(here.time_ns):
            case Truth.UNKNOWN:
                why = "the bucket's fill is not in a snapshot" if not known else "too near to the limit to tell by a capture's clock"
                return unknown(f"-m limit: assumed to be under {self.text}; {why}", True, weak=False).negate(self.negated)
            case truth:
                return decide(truth is Truth.YES, f"more than {self.text}, burst {self.burst}", self.negated)

    def _cost(self, backend: str) -> float:
        if backend == "nft":
            return self.unit / self.packets
        return SCALE * self.unit // self.packets / SCALE


def bind(clause: Clause, family: str) -> Limit:
    """Bind `-m limit`."""
    rate, burst, negated = "3/hour", 5, False
    for option in clause.options:
        if option.name == "--limit":
            rate, negated = word(option), option.negated
        elif option.name == "--limit-burst":
            burst = integer(word(option), 10_000)
        else:
            raise not_known(option)
    return Limit(rate, burst, negated)
