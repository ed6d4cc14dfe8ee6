"""Every flow of a capture whose equal connections were replayed once, as a report shows it; and those that are drawn, replayed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from snapshot.host import Host
from visualize.alike import Alike, Likeness, Model
from visualize.columns.cache import Settled
from visualize.columns.classes import Note
from visualize.columns.kept import Leads
from visualize.flow import Ends, Flow, PathUse
from visualize.packet.decode import decode
from visualize.packet.packet import Packet
from visualize.packet.pcap import Frame
from visualize.rows import where_record


class Portraits:
    """Every flow of a settled capture: replayed ones as they are, the others as `Alike`."""

    def __init__(self, settled: Settled, capture: str) -> None:
        self._settled, self._capture = settled, capture
        self._notes: dict[tuple[int, int], tuple[Note, Ends]] = {}
        self._models: dict[tuple[object, ...], Model] = {}

    def __len__(self) -> int:
        return len(self._settled.order)

    def flows(self, numbers: Sequence[int] | None = None) -> list[Flow | Alike]:
        """Those of these numbers, else all; numbers are given in the order of first packets."""
        settled = self._settled
        if not self._notes:
            self._note()
        numbers = range(1, len(self) + 1) if numbers is None else numbers
        wanted = settled.order[np.array(numbers, np.int64) - 1]
        members = wanted[wanted >= 0]
        leads, starts = settled.table.leads(members), settled.templates.starts(members)
        return [self._alike(one, number, next(starts), leads[one]) if one >= 0 else replace(settled.run.flows[-1 - one], number=number)
                for number, one in zip(numbers, wanted.tolist(), strict=True)]

    def numbers(self, host: Host, keep: Callable[[Mapping[str, Any]], bool] | None) -> Sequence[int]:
        """The flows for whose rows `keep` holds."""
        if keep is None:
            return range(1, len(self) + 1)
        return [number for number, row in enumerate(self._settled.flow_table(host).rows(), 1) if keep(where_record(row))]

    def replayed(self, numbers: Sequence[int]) -> list[Flow]:
        """The flows of these numbers, with every packet replayed."""
        settled = self._settled
        wanted = settled.order[np.array(numbers, np.int64) - 1]
        members = wanted[wanted >= 0]
        found = settled.replayed(members) if len(members) else {}
        return [replace(found[one] if one >= 0 else settled.run.flows[-1 - one], number=number)
                for number, one in zip(numbers, wanted.tolist(), strict=True)]

    def _note(self) -> None:
        """A packet of each kind, of each class."""
        seen = dict(sorted(self._settled.witnesses.witnesses.items()))
        for (connection, witness), start in zip(seen.items(), self._settled.templates.starts(np.array([*seen], np.int64)), strict=True):
            kind = int(self._settled.table.rows.kind[connection])
            for event, note in witness.notes.items():
                self._notes.setdefault((kind, event), (note, start))

    def _alike(self, connection: int, number: int, start: Ends, packets: Leads) -> Alike:
        rows = self._settled.table.rows
        kind = int(rows.kind[connection])
        ways: dict[str, dict[tuple[object, ...], tuple[int, list[int]]]] = {"original": {}, "reply": {}}
        for frame, event in zip(packets.numbers.tolist(), packets.events.tolist(), strict=True):
            known = self._settled.judged.kinds[(kind, event)]
            ways[known.role].setdefault(known.shape, (event, []))[1].append(frame)
        firsts = tuple((role, event) for role, found in ways.items() for event, _ in found.values())
        model = self._models.get((kind, *firsts))
        if model is None:
            model = self._models[(kind, *firsts)] = self._model(kind, firsts)
        leads = tuple(tuple(frames) for found in ways.values() for _, frames in found.values())
        return Alike(number, model, start, int(rows.began[connection]), int(rows.ended[connection]), int(rows.packets[connection]), leads)

    def _model(self, kind: int, firsts: tuple[tuple[str, int], ...]) -> Model:
        uses = []
        for role, event in firsts:
            note, start = self._notes[(kind, event)]
            uses.append(Likeness(role, PathUse(note.path, (note.number,), note.sightings), start, note.number))
        sides = [tuple(one.use for one in uses if one.role == role) for role in ("original", "reply")]
        return Model(Flow(0, self._capture, 0, 0, 0, sides[0], sides[1]), tuple(uses))

    def packets(self, numbers: set[int]) -> Iterator[tuple[Frame, Packet]]:
        """Frames of the capture, by number (from 1), with what they hold, in order."""
        for frame in self._settled.frames(np.array(sorted(numbers), np.int64)):
            decoded = decode(frame)
            if decoded is not None:
                yield frame, decoded.packet
