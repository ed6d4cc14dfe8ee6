"""A token bucket of which not everything is known: how full it may be at least, and at most.

`-m limit` and `-m hashlimit` count time in jiffies, which no capture shows: a comparison that a jiffy could turn is UNKNOWN. A bucket
that was never seen begins between empty and full; after `size` seconds without a packet it is full for certain.
"""

from dataclasses import dataclass

from visualize.netfilter.answer import Truth
from visualize.netfilter.here import Here

MARGIN = 0.012  # seconds: a jiffy of the slowest clock (HZ=100), and what a capture's time stamp is late
START = "start"  # the key of here.memory that holds when the capture began (ns)


@dataclass(slots=True)
class Bucket:
    """Credit in seconds: `cost` for a packet, `size` when full; `low` and `high` without what was gained since `since` (ns)."""

    cost: float
    size: float
    low: float
    high: float
    since: int
    seen: int = 0  # when the last packet came (ns)

    def take(self, now: int) -> Truth:
        """One packet: YES within the limit (its cost is taken), NO above it; UNKNOWN leaves both behind."""
        low, high = self._now(now)
        self.seen = now
        if low >= self.cost:
            self.low, self.high = self.low - self.cost, self.high - self.cost
            return Truth.YES
        if high < self.cost:
            return Truth.NO
        self.low -= low  # it was enough, and is gone, or it was not, and stays
        self.high -= high - max(high - self.cost, min(high, self.cost))
        return Truth.UNKNOWN

    def may_be_full(self) -> None:
        """It may have been forgotten, and would be full again."""
        self.high = self.size

    def _now(self, now: int) -> tuple[float, float]:
        """What it holds at least and at most. The clocks differ by MARGIN in all, however often it is asked."""
        gained = max(0, now - self.since) / 1e9
        low, high = self.low + max(0.0, gained - MARGIN), self.high + (gained + MARGIN if gained else 0.0)
        if low >= self.size:
            self.low = self.high = self.size
            self.since = now
            return self.size, self.size
        if high > self.size:
            self.high -= high - self.size
        return low, min(high, self.size)


def new_bucket(cost: float, burst: int, full: bool, here: Here, now: int) -> Bucket:
    """A bucket at the first packet that meets it: full, or whatever it was when the capture began, filled since then."""
    begun = here.memory.get(START, now)
    assert isinstance(begun, int)
    size = cost * burst
    return Bucket(cost, size, size if full else 0.0, size, now if full else min(begun, now), now)


def never_matched(here: Here, name: str) -> bool:
    """The rule's counter is 0 and `-m NAME` is its last test: whatever that test has let through would have been counted."""
    if here.rule is None or here.rule.packets != 0:
        return False
    tests = [clause.name for clause in here.rule.matches if clause.name != "comment"]
    return bool(tests) and tests[-1] == name
