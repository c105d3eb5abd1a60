"""Columns of shapes, compared vertex by vertex, however a file writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from geo.space import wkb
from schemas.models import GeometryKind


@dataclass(frozen=True)
class Forms:
    """The shapes of some rows taken apart.

    located: (n,) which rows have one. xy: (v, 2) all their vertices, degrees. counts: how many
    vertices each ring or line has, rings each part, and parts each shape; nothing of points.
    """

    located: npt.NDArray[np.bool_]
    xy: npt.NDArray[np.float64]
    counts: list[npt.NDArray[np.int64]]

    def is_at(self, other: Forms, tolerance: float) -> bool:
        """Has the other the same shapes in the same rows, no vertex further away than this?"""
        if not np.array_equal(self.located, other.located):
            return False
        return not self.located.any() or (
            len(self.counts) == len(other.counts)
            and all(map(np.array_equal, self.counts, other.counts))
            and self.xy.shape == other.xy.shape
            and bool(np.allclose(self.xy, other.xy, rtol=0, atol=tolerance))
        )


def from_wkb(column: pa.Array, kind: GeometryKind) -> Forms:
    """Shapes as WKB, null where there is none."""
    shapes = wkb.read(column).shapes
    if kind is GeometryKind.point:
        return Forms(shapes.is_point, shapes.xy[shapes.is_point], [])
    return _from_geometries(shapes.drawn)


def from_wkt(column: pa.Array) -> Forms:
    """Lines or polygons as WKT, null where there is none."""
    return _from_geometries(shapely.from_wkt(column.to_numpy(zero_copy_only=False)))


def from_lists(column: pa.Array) -> Forms:
    """Coordinates as GeoJSON has them: lists in lists, null where there is no shape."""
    located = np.asarray(column.is_valid())
    level, counts = column.drop_null(), []
    while pa.types.is_list(level.type.value_type):
        counts.append(level.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64))
        level = level.flatten()
    xy = level.flatten().to_numpy(zero_copy_only=False)
    pairs = bool(np.all(level.value_lengths().to_numpy(zero_copy_only=False) == 2))
    return Forms(located, xy.reshape(-1, 2) if pairs else xy.reshape(-1, 1), counts[::-1])


def list_type(kind: GeometryKind) -> pa.DataType:
    """What `from_lists` reads for a kind."""
    depth = {GeometryKind.point: 0, GeometryKind.line: 2, GeometryKind.polygon: 3}[kind]
    found = pa.list_(pa.float64())
    for _ in range(depth):
        found = pa.list_(found)
    return found


def counter_clockwise(forms_of: pa.Array, kind: GeometryKind) -> Forms:
    """As `from_wkb`, with outer rings counter-clockwise (RFC 7946)."""
    if kind is not GeometryKind.polygon:
        return from_wkb(forms_of, kind)
    return _from_geometries(shapely.orient_polygons(wkb.read(forms_of).shapes.drawn))


def _from_geometries(geometries: Any) -> Forms:
    located = ~shapely.is_missing(geometries)
    if not located.any():
        return Forms(located, np.empty((0, 2)), [])
    _, xy, offsets = shapely.to_ragged_array(geometries[located])
    return Forms(located, xy, [np.diff(level).astype(np.int64) for level in offsets])
