"""Long representatives are replayed in excerpts: their first packets, and of each kind the first few and the last.

What is left out was seen by the columns: its segments are in their windows, its entry is never forgotten in between, and its events are
those of packets that are replayed. So the machine is told to take the connection as it comes (`Machine.trust`). An excerpt is cut only where
no packet of the connection is under way.
"""

from typing import NamedTuple

import numpy as np

from visualize.columns.connections import I32
from visualize.columns.frames import I64, Bools
from visualize.columns.kept import Leads
from visualize.columns.mix import rank

LONG = 256  # packets
_BEGIN, _FIRST = 32, 3  # packets of a connection, and of one event, that are replayed
_ROWS = 1 << 40  # more than a capture has frames


class Excerpts(NamedTuple):
    """What is replayed of representatives: their packets; and, where not all, between which frames these stand."""

    leads: dict[int, Leads]
    bounds: I64  # connection * 2**40 + row, in order: of the first frame of a part, and behind its last one

    def holds(self, connection: I64, row: I64) -> Bools:
        """Which frames (rows from 0, of representatives) are among them."""
        cut = np.isin(connection, self.bounds[::2] // _ROWS)
        inside: Bools = ~cut | (np.searchsorted(self.bounds, connection * _ROWS + row, side="right") % 2 == 1)
        return inside


def excerpts(leads: dict[int, Leads]) -> Excerpts:
    """The packets of representatives that are worth a replay."""
    found, bounds = {}, [np.zeros(0, np.int64)]
    for connection, packets in sorted(leads.items()):
        found[connection] = packets
        if len(packets.numbers) > LONG:
            part = np.cumsum(packets.clean) - packets.clean[0]
            kept = np.bincount(part[_wanted(packets.events)], minlength=int(part[-1]) + 1) > 0
            found[connection] = Leads(*(column[kept[part]] for column in packets))
            begins = packets.numbers[np.append(True, part[1:] != part[:-1])] - 1
            ends = np.append(begins[1:], _ROWS - 1)
            bounds.append(np.stack((begins[kept], ends[kept]), axis=1).reshape(-1) + connection * _ROWS)
    return Excerpts(found, np.concatenate(bounds))


def _wanted(events: I32) -> I64:
    """Which packets of a connection have to be replayed."""
    order = np.argsort(events, kind="stable")
    new = np.append(True, events[order][1:] != events[order][:-1])
    before = rank(np.flatnonzero(new), len(events))
    return np.concatenate((np.arange(_BEGIN), order[(before < _FIRST) | np.append(new[1:], True)]))
