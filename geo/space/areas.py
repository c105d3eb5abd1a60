"""The map's own administrative areas: which one holds a place, and which one a row is placed in.

All is driven from the areas, of which there are few: each is prepared once, and looks at the places
within its box alone. Only places that lie in none are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from geo.space.shapes import Floats, Geometries, Shapes
from geo.values.distinct import Column, Mask, as_array

NEAR_METRES = 250.0
"""River banks and the sea front are drawn differently by every agency: a place this near to an area
belongs to it."""

_NEAR_DEGREES = 0.0025
_ELLIPSOID = pyproj.Geod(ellps="WGS84")

Codes = NDArray[np.object_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Areas:
    """Areas of one level, in order of code; shapes in EPSG:4326.

    codes: of the areas; None for one without. districts: code of the district that each is part of.
    """

    codes: Codes
    shapes: Geometries
    districts: Codes

    def touched(self, shapes: Shapes, claimed: Column) -> Mask:
        """Where a shape touches the area whose code it claims."""
        found = np.zeros(len(shapes), dtype=np.bool_)
        codes = pa.array(self.codes, pa.string())
        known = codes.unique().drop_null()
        area_code, row_code = _index_in(codes, known), _index_in(as_array(claimed), known)
        row_code[shapes.missing] = -1
        order = np.argsort(area_code, kind="stable")
        first = np.searchsorted(area_code[order], row_code, "left")
        areas = np.where(row_code >= 0, np.searchsorted(area_code[order], row_code, "right"), first)
        for turn in range(int((areas - first).max(initial=0))):  # once, unless areas share a code
            rows = np.flatnonzero(first + turn < areas)
            found[rows] |= self._touch(shapes.take(rows), order[first[rows] + turn])
        return found

    def at(self, spots: Floats, *, near: bool = False) -> Indices:
        """Index of the area that each spot (n, 2) lies in, or with `near` near to; -1: of none.

        A spot on a shared edge lies in the first of its areas. The nearest area is that by degrees,
        and among equals the first, if it is within `NEAR_METRES` on the ellipsoid.
        """
        found = self._holding(spots)
        if near:
            lost = np.flatnonzero((found == -1) & np.isfinite(spots).all(axis=1))
            found[lost] = self._nearest(spots[lost])
        return found

    def _holding(self, spots: Floats) -> Indices:
        found = np.full(len(spots), -1, dtype=np.int64)
        order = np.argsort(spots[:, 0], kind="stable")
        x, y = spots[order].T
        west, south, east, north = self._boxes.T
        starts, ends = np.searchsorted(x, west, "left"), np.searchsorted(x, east, "right")
        for area in np.flatnonzero(starts < ends)[::-1]:  # the first one has the last word
            rows = slice(starts[area], ends[area])
            close = np.flatnonzero((y[rows] >= south[area]) & (y[rows] <= north[area]))
            close += starts[area]
            inside = close[shapely.intersects_xy(self._prepared[area], x[close], y[close])]
            found[order[inside]] = area
        return found

    def _nearest(self, places: Floats) -> Indices:
        spots: Geometries = np.asarray(shapely.points(places), dtype=object)
        found = np.full(len(spots), -1, dtype=np.int64)
        close, areas = self._tree.query(spots, predicate="dwithin", distance=_NEAR_DEGREES)
        near = _metres_between(spots[close], self.shapes[areas]) <= NEAR_METRES
        close, areas = close[near], areas[near]
        degrees = shapely.distance(spots[close], self.shapes[areas])
        order = np.lexsort((areas, degrees, close))
        rows, first = np.unique(close[order], return_index=True)
        found[rows] = areas[order][first]
        return found

    def _touch(self, shapes: Shapes, areas: Indices) -> Mask:
        prepared, rows = self._prepared[areas], shapes.drawn_rows
        touching = shapely.intersects_xy(prepared, *shapes.xy.T)
        touching[rows] = shapely.intersects(prepared[rows], shapes.drawn[rows])
        return np.asarray(touching)

    @cached_property
    def _boxes(self) -> Floats:
        return np.asarray(shapely.bounds(self.shapes))

    @cached_property
    def _prepared(self) -> Geometries:
        shapely.prepare(self.shapes)
        return self.shapes

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)


@dataclass(frozen=True, eq=False)
class AdminAreas:
    """Districts and subdistricts of the coming release; there may be no districts yet.

    fingerprint: of both, as the database has it; what is placed by them says so.
    """

    districts: Areas
    subdistricts: Areas
    fingerprint: str = ""

    @property
    def complete(self) -> bool:
        """Whether there are both."""
        return bool(len(self.districts.codes) and len(self.subdistricts.codes))

    def placed(
        self, at: Indices, claimed_district: Column, claimed_subdistrict: Column
    ) -> tuple[pa.Array, pa.Array]:
        """Codes of the (district, subdistrict) of each row.

        Those of the subdistrict that it is `at`; as the row claims where that is -1.
        """
        district, subdistrict = claimed_codes(claimed_district, claimed_subdistrict)
        placed, areas = pa.array(at >= 0), pa.array(at, mask=at < 0)
        of_area = (self.subdistricts.districts, self.subdistricts.codes)
        districts, subdistricts = (pa.array(codes, pa.string()).take(areas) for codes in of_area)
        return pc.if_else(placed, districts, district), pc.if_else(
            placed, subdistricts, subdistrict
        )


def claimed_codes(district: Column, subdistrict: Column) -> tuple[pa.Array, pa.Array]:
    """Codes of the (district, subdistrict) that rows claim; a subdistrict says its district."""
    district, subdistrict = as_array(district), as_array(subdistrict)
    return pc.coalesce(district, pc.utf8_slice_codeunits(subdistrict, 0, 4)), subdistrict


def _index_in(values: pa.Array, known: pa.Array) -> Indices:
    """Index of each value among the known ones; -1 where it is none of them."""
    found = pc.index_in(values, value_set=known).fill_null(-1)
    return np.array(found, dtype=np.int64)


def _metres_between(spots: Geometries, shapes: Geometries) -> Floats:
    lines = shapely.shortest_line(spots, shapes)
    ends = shapely.get_coordinates(lines).reshape(len(lines), 2, 2)
    _, _, metres = _ELLIPSOID.inv(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1])
    return np.asarray(metres)
