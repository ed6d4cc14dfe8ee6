"""The flow table: its columns, and blocks of its rows.

A table is gone through block by block, each of which holds a list for every column; so a million rows cost no more memory than a few
thousand, and what is done to a column (an address as text, a name made visible) is done in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from ipaddress import ip_address
from itertools import compress
from typing import Any

from snapshot.host import Host
from visualize.flow import Flow, decided_at, ended_in, ends_of, sender
from visualize.flows import worst
from visualize.path import Received

Row = dict[str, Any]  # a value for each of COLUMNS, and for each of ASIDE


class Kind(Enum):
    """What a column holds."""

    COUNT = auto()  # a number
    PORT = auto()  # a number, or None where a flow has none
    WORD = auto()  # text of our own making: nothing in it needs an escape
    MOVED = auto()  # such text, or None
    NAME = auto()  # text with strangers' words in it, or None
    FLAG = auto()


COLUMNS = {"flow": Kind.COUNT, "started": Kind.WORD, "packets": Kind.COUNT, "proto": Kind.WORD, "netns": Kind.NAME, "interface": Kind.NAME,
           "src": Kind.WORD, "sport": Kind.PORT, "dst": Kind.WORD, "dport": Kind.PORT,
           "nat_src": Kind.MOVED, "nat_sport": Kind.PORT, "nat_dst": Kind.MOVED, "nat_dport": Kind.PORT,
           "verdict": Kind.WORD, "out_interface": Kind.NAME, "ended_in": Kind.NAME, "decided_at": Kind.NAME, "why": Kind.NAME,
           "replied": Kind.FLAG, "certainty": Kind.WORD}
ASIDE = ("icmp_id", "nat_icmp_id", "sender", "place", "places")  # asked by the terminal and `--where`: who sent it, where it ended, its namespaces
ENDS = {"src": "nat_src", "sport": "nat_sport", "dst": "nat_dst", "dport": "nat_dport", "icmp_id": "nat_icmp_id"}  # before NAT: after it


def row_of(host: Host, flow: Flow) -> Row:
    """A flow's line. What it was after NAT is told only where addresses or ports changed."""
    path = flow.first
    start, final, first = ends_of(path.start), ends_of(path.end.packet), path.steps[0]
    moved = start[:4] != final[:4]
    places = {step.netns for step in path.steps}
    names = {name for place in places if place in host.namespaces for name in host.namespaces[place].containers} | places
    return {
        "flow": flow.number, "started": seconds(*divmod(flow.started, 10**9)), "packets": flow.packets,
        "proto": path.start.protocol_name, "netns": first.netns, "interface": first.interface if isinstance(first, Received) else None,
        **start._asdict(), **{after: getattr(final, before) if moved else None for before, after in ENDS.items()},
        "verdict": path.verdict.value, "out_interface": path.end.interface if path.verdict.value == "forwarded" else None,
        "ended_in": path.end.netns, "decided_at": decided_at(path), "why": path.end.why,
        "replied": bool(flow.reply), "certainty": worst(use.path.certainty.value for use in (*flow.original, *flow.reply)),
        "sender": sender(host, flow), "place": ended_in(flow), "places": frozenset(names)}


def seconds(whole: int, nanoseconds: int) -> str:
    """A time stamp: `1700000000.000010000`."""
    return f"{whole}.{nanoseconds:09d}"


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: for each of COLUMNS and ASIDE the list of its values."""

    columns: dict[str, list[Any]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Block:
        """The rows, column by column."""
        held = list(rows)
        return cls({name: [row[name] for row in held] for name in (*COLUMNS, *ASIDE)})

    def rows(self) -> Iterator[Row]:
        """One after the other."""
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def numbered(self, first: int) -> Block:
        """The rows with numbers from this one on."""
        return Block(self.columns | {"flow": list(range(first, first + len(self.columns["flow"])))})

    def woven(self, other: Block, order: Sequence[int]) -> Block:
        """Rows of two blocks in another order: those of this one are numbered from 0, those of the other one follow."""
        return Block({name: list(map((column + other.columns[name]).__getitem__, order)) for name, column in self.columns.items()})

    def where(self, keep: Callable[[Mapping[str, Any]], bool]) -> Block:
        """Those for which it holds."""
        kept = [keep(where_record(row)) for row in self.rows()]
        return Block({name: list(compress(column, kept)) for name, column in self.columns.items()})


@dataclass(frozen=True, slots=True)
class FlowTable:
    """All rows, made anew each time that they are gone through."""

    make: Callable[[], Iterator[Block]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> FlowTable:
        """Rows that are there."""
        block = Block.of(rows)
        return cls(lambda: iter((block,)))

    def __iter__(self) -> Iterator[Block]:
        return self.make()

    def rows(self) -> Iterator[Row]:
        """One after the other."""
        return (row for block in self for row in block.rows())

    def where(self, keep: Callable[[Mapping[str, Any]], bool]) -> FlowTable:
        """The rows for which it holds."""
        return FlowTable(lambda: (block.where(keep) for block in self))


_address = lru_cache(1 << 16)(ip_address)


def where_record(row: Row) -> dict[str, Any]:
    """What `--where` may ask of a flow: both endpoints, before and after NAT."""
    last = {before: row[before if row["nat_src"] is None else after] for before, after in ENDS.items()}
    return {**row, "src": _address(row["src"]), "dst": _address(row["dst"]), "src2": _address(last["src"]), "dst2": _address(last["dst"]),
            "sport2": last["sport"], "dport2": last["dport"], "container": row["places"]}
