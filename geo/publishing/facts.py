"""What a manifest says of a layer's rows, counted as their batches pass."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from geo.errors import ReleaseUnverified
from geo.publishing.columns import GEOMETRY, Bounds
from geo.publishing.content import Content
from geo.space import wkb
from schemas.models import Layer


class Facts:
    """Counts and bounds of the rows that were added."""

    def __init__(self) -> None:
        self.by_source: Counter[str] = Counter()
        self.by_precision: Counter[str] = Counter()
        self.located = 0
        self._boxes: list[Bounds] = []

    def add(self, rows: pa.RecordBatch) -> None:
        """Counts one more batch."""
        self.by_source.update(_counted(rows["source_id"]))
        self.by_precision.update(_counted(rows["location_precision"]))
        located = rows[GEOMETRY].drop_null()
        self.located += len(located)
        if len(located):
            boxes = wkb.read(located).shapes.bounds()
            west, south = np.nanmin(boxes[:, :2], axis=0).tolist()
            east, north = np.nanmax(boxes[:, 2:], axis=0).tolist()
            self._boxes.append((west, south, east, north))

    @property
    def features(self) -> int:
        """How many rows there were."""
        return self.by_source.total()

    @property
    def bounds(self) -> Bounds | None:
        """What the located rows cover; None if none is located."""
        if not self._boxes:
            return None
        boxes = np.array(self._boxes)
        west, south = boxes[:, :2].min(axis=0).tolist()
        east, north = boxes[:, 2:].max(axis=0).tolist()
        return west, south, east, north

    def require(self, layer: Layer, content: Content) -> None:
        """Raises ReleaseUnverified if SQL counted other rows, apart from these."""
        for found, counted in (
            (self.by_source, content.by_source),
            (self.by_precision, content.by_precision),
        ):
            if found != Counter(counted):
                raise ReleaseUnverified(layer.id, f"rows are {found}, and SQL counts {counted}")


def _counted(values: pa.Array) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in values.value_counts().to_pylist()}
