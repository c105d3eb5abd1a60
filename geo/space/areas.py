"""The map's own administrative areas, as a reference that positions are checked against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

NEAR_METRES = 250.0
"""River banks and the sea front are drawn differently by every agency: a place this near to an area
belongs to it. `meta.placed_otherwise` in SQL uses the same figure."""

_NEAR_DEGREES = 0.0025
_ELLIPSOID = pyproj.Geod(ellps="WGS84")

Shapes = NDArray[np.object_]
Codes = NDArray[np.object_]


@dataclass(frozen=True)
class Areas:
    """Areas of one level, in order of code; shapes in EPSG:4326."""

    codes: Codes
    shapes: Shapes

    def touched(self, shapes: Shapes, claimed: Codes) -> NDArray[np.bool_]:
        """Where a shape touches the area whose code it claims."""
        touching, areas = shapely.STRtree(self.shapes).query(shapes, predicate="intersects")
        right = touching[self.codes[areas] == claimed[touching]]
        found = np.zeros(len(shapes), dtype=np.bool_)
        found[right] = True
        return found

    def at(self, spots: Shapes, *, near: bool = False) -> NDArray[np.int64]:
        """Index of the area that each point lies in, or with `near` near to; -1 where none is."""
        found = np.full(len(spots), -1, dtype=np.int64)
        tree = shapely.STRtree(self.shapes)
        inside, areas = tree.query(spots, predicate="intersects")
        _keep_first(found, inside, areas, np.lexsort((areas, inside)))
        if near:
            lost = np.flatnonzero(found == -1)
            close, areas = tree.query(spots[lost], predicate="dwithin", distance=_NEAR_DEGREES)
            metres = _metres_between(spots[lost][close], self.shapes[areas])
            order = np.argsort(metres, kind="stable")
            _keep_first(found, lost[close], areas, order[metres[order] <= NEAR_METRES])
        return found


@dataclass(frozen=True)
class AdminAreas:
    """Districts and subdistricts of the coming release."""

    districts: Areas
    subdistricts: Areas


def _keep_first(
    found: NDArray[np.int64],
    spots: NDArray[np.int64],
    areas: NDArray[np.int64],
    order: NDArray[np.int64],
) -> None:
    """A spot on a shared edge lies in several areas: the first one in `order` wins."""
    ordered = spots[order]
    first_spots, first = np.unique(ordered, return_index=True)
    found[first_spots] = areas[order][first]


def _metres_between(spots: Shapes, shapes: Shapes) -> NDArray[np.float64]:
    lines = shapely.shortest_line(spots, shapes)
    ends = shapely.get_coordinates(lines).reshape(len(lines), 2, 2)
    _, _, metres = _ELLIPSOID.inv(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1])
    return np.asarray(metres)
