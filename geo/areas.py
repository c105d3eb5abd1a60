"""The map's own administrative areas, as a reference that positions are checked against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from sqlalchemy import Engine

from geo.database import connect, run

NEAR_METRES = 250.0
"""River banks and the sea front are drawn differently by every agency: a place this near to an area
belongs to it. `meta.placed_otherwise` in SQL uses the same figure."""

_NEAR_DEGREES = 0.0025
_ELLIPSOID = pyproj.Geod(ellps="WGS84")

Shapes = NDArray[np.object_]
Codes = NDArray[np.object_]


@dataclass(frozen=True)
class AdminAreas:
    """Subdistricts of the coming release, in order of code; shapes in EPSG:4326."""

    subdistricts: Codes
    districts: Codes
    shapes: Shapes

    def at(self, spots: Shapes) -> NDArray[np.int64]:
        """Index of the subdistrict that each point lies in or near to; -1 where there is none."""
        found = np.full(len(spots), -1, dtype=np.int64)
        tree = shapely.STRtree(self.shapes)
        inside, areas = tree.query(spots, predicate="intersects")
        _keep_first(found, inside, areas)
        lost = np.flatnonzero((found < 0) & ~shapely.is_missing(spots) & ~shapely.is_empty(spots))
        if len(lost):
            near, near_areas = tree.query(spots[lost], predicate="dwithin", distance=_NEAR_DEGREES)
            metres = _metres_between(spots[lost][near], self.shapes[near_areas])
            order = np.argsort(metres, kind="stable")
            order = order[metres[order] <= NEAR_METRES]
            _keep_first(found, lost[near[order]], near_areas[order], by_code=False)
        return found


def load_areas(engine: Engine) -> AdminAreas | None:
    """The subdistricts that the coming release will have; None while there are none."""
    with connect(engine) as connection:
        rows = run(connection, "admin_areas").all()
    if not rows:
        return None
    return AdminAreas(
        np.array([row.subdistrict_code for row in rows], dtype=object),
        np.array([row.district_code for row in rows], dtype=object),
        shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object)),
    )


def _keep_first(
    found: NDArray[np.int64],
    spots: NDArray[np.int64],
    areas: NDArray[np.int64],
    *,
    by_code: bool = True,
) -> None:
    """A spot on a shared edge lies in several areas: the one that sorts first wins."""
    order = np.lexsort((areas, spots)) if by_code else np.arange(len(spots))
    first_spots, first = np.unique(spots[order], return_index=True)
    found[first_spots] = areas[order][first]


def _metres_between(spots: Shapes, shapes: Shapes) -> NDArray[np.float64]:
    lines = shapely.shortest_line(spots, shapes)
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    _, _, metres = _ELLIPSOID.inv(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1])
    return np.asarray(metres)
