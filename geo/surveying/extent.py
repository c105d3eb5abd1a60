"""Where shapes lie, in the CRS of the file: the box of the first position of each of them.

One position of a shape is enough to tell degrees from metres and a province from the sea, and it
stands at a known place of its bytes: no geometry is made. Layout: OGC 06-103r4, 8.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa

_FIRST_POSITION = {1: 5, 2: 9, 3: 13, 4: 14, 5: 18, 6: 22}
"""Bytes before the first position, by the kind of the shape: of points, lines, areas, and of many
of them, whose first part has a head of its own. Collections are left aside."""
_POSITION_BYTES = 16


@dataclass(frozen=True)
class Extent:
    """The box of first positions that are finite numbers; `count` is how many they are."""

    count: int = 0
    west: float = math.inf
    south: float = math.inf
    east: float = -math.inf
    north: float = -math.inf

    @classmethod
    def of(cls, shapes: pa.BinaryArray) -> Self:
        """Of a column of WKB. What is no shape, or has no position, is left aside."""
        kept = shapes.drop_null()
        offsets = np.frombuffer(kept.buffers()[1], np.int32)[kept.offset :][: len(kept) + 1]
        content = kept.buffers()[2]
        if content is None or not len(kept):
            return cls()
        data = np.frombuffer(content, np.uint8)
        starts, ends = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)
        whole = ends - starts >= 5 + _POSITION_BYTES
        starts, ends = starts[whole], ends[whole]
        starts, ends = (part[data[starts] == 1] for part in (starts, ends))  # as GDAL writes it
        kinds = _taken(data, starts + 1, 4).view("<u4")[:, 0]
        before = np.select(
            [(kinds & 0xFFFF) % 1000 == kind for kind in _FIRST_POSITION],
            list(_FIRST_POSITION.values()),
            default=1 << 40,
        )
        there = starts + before + _POSITION_BYTES <= ends
        xy = _taken(data, (starts + before)[there], _POSITION_BYTES).view("<f8")
        xy = xy[np.isfinite(xy).all(axis=1)]
        return cls(len(xy), *xy.min(axis=0), *xy.max(axis=0)) if len(xy) else cls()

    def merge(self, other: Extent) -> Extent:
        """The box of both."""
        return Extent(
            self.count + other.count,
            min(self.west, other.west),
            min(self.south, other.south),
            max(self.east, other.east),
            max(self.north, other.north),
        )

    def told(self) -> dict[str, Any]:
        """As the run's lineage keeps it."""
        if not self.count:
            return {"positions": 0}
        box = (self.west, self.south, self.east, self.north)
        return {"positions": self.count, "box": [float(value) for value in box]}


def _taken(data: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], width: int) -> Any:
    """(n, width) bytes from each start."""
    return np.ascontiguousarray(data[starts[:, None] + np.arange(width)])
