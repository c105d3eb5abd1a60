"""What a child says on its standard output, heard by a clock, and no more of it than is allowed."""

from __future__ import annotations

import math
import os
import select
import time

import numpy as np

MOST_LINE = 64_000
MOST_AT_ONCE = 1 << 29
"""Bytes of one message; an honest reader's batches are a fraction of it (`geo.reader.delivery`)."""
_PIECE = 1 << 20


class Stalled(Exception):
    """The child was silent until its time was over."""


class Flooded(Exception):
    """The child said more than is allowed; the text says how much that is."""


class Pipe:
    """The reading end. `read` is all that Arrow asks of a file."""

    closed = False
    ended = False
    """Whether the child closed its own end, as its death does."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._deadline = math.inf
        self._left = MOST_LINE
        self._held = b""

    def allow(self, seconds: float, most: int) -> None:
        """From now on there are so many seconds, and so many bytes."""
        self._deadline = time.monotonic() + seconds
        self._left = most

    def line(self) -> bytes:
        """The first line, or what there is of it. Raises Stalled."""
        while b"\n" not in self._held and len(self._held) < MOST_LINE:
            if not (piece := self._piece(MOST_LINE)):
                break
            self._held += piece
        line, _, self._held = self._held.partition(b"\n")
        return line

    def read(self, size: int) -> memoryview:
        """So many bytes; fewer where the child ended. Raises Stalled, and Flooded at once where
        more is asked for than is left: what a stranger says of a size is not believed."""
        most = min(self._left, MOST_AT_ONCE)
        if size > most:
            raise Flooded(f"more than {most} bytes")
        self._left -= size
        whole = np.empty(size, np.uint8).data  # not touched before it is filled
        filled = min(size, len(self._held))
        whole[:filled], self._held = self._held[:filled], self._held[filled:]
        while filled < size and (piece := self._piece(min(_PIECE, size - filled))):
            whole[filled : filled + len(piece)] = piece
            filled += len(piece)
        return whole[:filled]

    def close(self) -> None:
        """Who still writes is told that nobody hears it."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    def _piece(self, most: int) -> bytes:
        left = self._deadline - time.monotonic()
        waited = None if left == math.inf else max(0.0, left)
        if not select.select([self._descriptor], [], [], waited)[0]:
            raise Stalled
        piece = os.read(self._descriptor, most)
        self.ended = not piece
        return piece
