"""Columns put aside: in memory while they are few, in a temporary file from some MiB on, so that memory does not grow with a capture.

They are read back by copying, not mapped: what is mapped counts as memory of the process once it was looked at.
"""

from contextlib import suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from snapshot.raw import SnapshotError, no_room

IN_MEMORY = 8 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a column was put."""

    at: int
    count: int
    kind: np.dtype[Any]


class Spill:
    """Columns by the pieces that `put` gave out. The file has no name, and goes with the process."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._file = SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115 (closed with this object)
        finalize(self, self._file.close)
        self._end = 0

    def put(self, column: NDArray[Any]) -> Piece:
        """Put a column aside. Raises SnapshotError where there is no room for it."""
        piece = Piece(self._end, len(column), column.dtype)
        try:
            self._file.seek(self._end)
            self._file.write(column.tobytes())
            self._file.flush()
        except OSError as error:
            with suppress(OSError):  # what is left in its buffer can't be written either
                self._file.close()
            raise SnapshotError(no_room("about 10 bytes are kept of each frame of a large capture", error)) from error
        self._end += column.nbytes
        return piece

    def get(self, piece: Piece) -> NDArray[Any]:
        """A column that was put aside."""
        self._file.seek(piece.at)
        return np.frombuffer(self._file.read(piece.count * piece.kind.itemsize), piece.kind)
