"""`-m time`: when the packet came (time_mt in xt_time.c).

    -A FORWARD -m time --timestart 22:00:00 --timestop 06:00:00 --weekdays Mon,Tue --contiguous -j DROP

Times are UTC. The capture's clock tells; without a capture the answer is unknown.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word, words
from visualize.packet.packet import Packet

DAY = 24 * 3600
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(slots=True)
class Time:
    """The bound match: all its conditions hold. Seconds; days are sets, the week begins with Monday = 1."""

    date_start: int = 0
    date_stop: int = 2**31 - 1
    start: int = 0
    stop: int = DAY - 1
    weekdays: frozenset[int] = frozenset(range(1, 8))
    monthdays: frozenset[int] = frozenset(range(1, 32))
    contiguous: bool = False
    kernel_zone: bool = False

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES inside all ranges."""
        if here.time_ns is None:
            return unknown("-m time: when the packet came is not known", settle="replay a capture")
        if self.kernel_zone:
            return unknown("-m time --kerneltz: the kernel's time zone is not in a snapshot")
        now = here.time_ns // 1_000_000_000
        when = datetime.fromtimestamp(now, UTC)
        return decide(self._holds(now), f"it was {when:%a %Y-%m-%d %H:%M:%S} UTC")

    def _holds(self, now: int) -> bool:
        if not self.date_start <= now <= self.date_stop:
            return False
        second = now % DAY
        if self.start < self.stop:
            if not self.start <= second <= self.stop:
                return False
        elif self.stop < second < self.start:
            return False
        day = datetime.fromtimestamp(now, UTC)
        if self.start >= self.stop and self.contiguous and second <= self.stop:
            day -= timedelta(days=1)
        return day.isoweekday() in self.weekdays and day.day in self.monthdays


def _clock(text: str) -> int:
    parts = [int(part) for part in text.split(":") if part.isdigit()]
    if len(parts) not in (2, 3) or len(parts) != text.count(":") + 1:
        raise BindError(f"{text!r} is not a time of day")
    hours, minutes, seconds = (*parts, 0)[:3]
    if hours > 23 or minutes > 59 or seconds > 59:
        raise BindError(f"{text!r} is not a time of day")
    return hours * 3600 + minutes * 60 + seconds


def _date(text: str) -> int:
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise BindError(f"{text!r} is not a date")


def _weekdays(option: Option) -> frozenset[int]:
    days = set()
    for part in words(option):
        name = part.lower()[:3]
        if part.isdigit() and 1 <= int(part) <= 7:
            days.add(int(part))
        elif name in WEEKDAYS:
            days.add(WEEKDAYS.index(name) + 1)
        elif name[:2] in [day[:2] for day in WEEKDAYS]:
            days.add([day[:2] for day in WEEKDAYS].index(name[:2]) + 1)
        else:
            raise BindError(f"{part!r} is not a day of the week")
    return frozenset(range(1, 8)) - days if option.negated else frozenset(days)


def _monthdays(option: Option) -> frozenset[int]:
    days = frozenset(integer(part.lstrip("0").rstrip("stndrh") or "0", 31) for part in words(option))
    return frozenset(range(1, 32)) - days if option.negated else days


def bind(clause: Clause, family: str) -> Time:
    """Bind `-m time`."""
    bound = Time()
    for option in clause.options:
        match option.name:
            case "--timestart":
                bound.start = _clock(word(option))
            case "--timestop":
                bound.stop = _clock(word(option))
            case "--datestart":
                bound.date_start = _date(word(option))
            case "--datestop":
                bound.date_stop = _date(word(option))
            case "--weekdays":
                bound.weekdays = _weekdays(option)
            case "--monthdays":
                bound.monthdays = _monthdays(option)
            case "--contiguous":
                bound.contiguous = True
            case "--kerneltz":
                bound.kernel_zone = True
            case "--utc":
                pass
            case _:
                raise not_known(option)
    return bound
