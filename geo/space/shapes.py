"""A column of shapes: points as coordinates, all others as geometries.

A geometry for each point costs more than all that is done with it. So a point is a row of an array
of coordinates from the agency's bytes to the database; only what has a form is an object of GEOS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.space.point_wkb import write_points
from geo.values.distinct import Mask

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes by row; which CRS they are in is known to who holds them.

    xy: (n, 2) coordinates of the points; NaN in all other rows.
    is_point: where a row is such a point.
    drawn: (n,) geometries of all others; None where the row is a point, or has no shape.
    """

    xy: Floats
    is_point: Mask
    drawn: Geometries

    @staticmethod
    def of(geometries: Geometries) -> Shapes:
        """A column of geometries as they are."""
        count = len(geometries)
        return Shapes(np.full((count, 2), np.nan), np.zeros(count, np.bool_), geometries)

    @staticmethod
    def at(xy: Floats) -> Shapes:
        """Points, (n, 2); no shape where either coordinate is not finite."""
        given = np.asarray(np.isfinite(xy).all(axis=1))
        return Shapes(np.where(given[:, None], xy, np.nan), given, _nothing(len(xy)))

    @staticmethod
    def none(count: int) -> Shapes:
        """No shape in any row."""
        return Shapes.of(_nothing(count))

    def __len__(self) -> int:
        return len(self.is_point)

    @cached_property
    def drawn_rows(self) -> NDArray[np.int64]:
        """Indices of the rows that have a geometry."""
        return np.flatnonzero(~shapely.is_missing(self.drawn))

    @cached_property
    def missing(self) -> Mask:
        """Where a row has no shape."""
        missing = ~self.is_point
        missing[self.drawn_rows] = False
        return missing

    def filter(self, mask: Mask) -> Shapes:
        """The rows where the mask is set."""
        return Shapes(self.xy[mask], self.is_point[mask], self.drawn[mask])

    def take(self, rows: NDArray[np.int64]) -> Shapes:
        """The rows of these indices, in their order."""
        return Shapes(self.xy[rows], self.is_point[rows], self.drawn[rows])

    def moved(self, move: Callable[[Floats], Floats]) -> Shapes:
        """The same shapes in two dimensions, with each coordinate moved; `move` takes (n, 2).

        A point that was drawn for its height or its dialect is a point like others then.
        """
        flat = self._without_drawn_points()
        xy, drawn = flat.xy.copy(), flat.drawn.copy()
        xy[flat.is_point] = move(flat.xy[flat.is_point])
        if flat.drawn_rows.size:
            drawn[flat.drawn_rows] = redrawn(flat.drawn[flat.drawn_rows], move)
        return Shapes(xy, flat.is_point, drawn)

    def _without_drawn_points(self) -> Shapes:
        drawn = self.drawn[self.drawn_rows]
        is_point = shapely.get_type_id(drawn) == shapely.GeometryType.POINT
        rows = self.drawn_rows[is_point & ~shapely.is_empty(drawn)]
        if not rows.size:
            return self
        flat = Shapes(self.xy.copy(), self.is_point.copy(), self.drawn.copy())
        flat.xy[rows] = shapely.get_coordinates(self.drawn[rows])
        flat.is_point[rows], flat.drawn[rows] = True, None
        return flat

    def bounds(self) -> Floats:
        """(n, 4) least x, least y, greatest x, greatest y; NaN where there is no shape."""
        bounds = np.concatenate((self.xy, self.xy), axis=1)
        bounds[self.drawn_rows] = shapely.bounds(self.drawn[self.drawn_rows])
        return bounds

    def spots(self) -> Floats:
        """(n, 2) one point on each shape: its place for the areas; NaN where there is no shape."""
        spots = self.xy.copy()
        surface = shapely.point_on_surface(self.drawn[self.drawn_rows])
        spots[self.drawn_rows] = np.column_stack((shapely.get_x(surface), shapely.get_y(surface)))
        return spots

    def geometries(self) -> Geometries:
        """All as geometries, None where there is no shape: for few rows, or for people."""
        whole = self.drawn.copy()
        whole[self.is_point] = shapely.points(self.xy[self.is_point])
        return whole

    def to_wkb(self) -> pa.Array:
        """Little-endian 2D WKB; null where there is no shape."""
        return self._written(lambda drawn: drawn)

    def canonical_wkb(self) -> pa.Array:
        """2D WKB, equal for equal shapes: parts, rings and their starts in one order.

        It is what content hashes are made of, which are stored: its bytes never change.
        """
        return self._written(lambda drawn: shapely.normalize(flat(drawn)))

    def _written(self, ready: Callable[[Geometries], Geometries]) -> pa.Array:
        """Points as they are; geometries, if there are any, as `ready` makes them."""
        points = write_points(self.xy, self.is_point)
        if not self.drawn_rows.size:
            return points
        wkb = shapely.to_wkb(ready(self.drawn), byte_order=1, output_dimension=2)
        return pc.coalesce(points, pa.array(wkb, pa.binary()))


def flat(geometries: Geometries) -> Geometries:
    """The same in two dimensions; a new array, and new geometries only where there were more."""
    plane: Geometries = geometries.copy()
    tall = shapely.has_z(plane) | shapely.has_m(plane)
    if tall.any():
        plane[tall] = shapely.force_2d(plane[tall])
    return plane


def redrawn(geometries: Geometries, move: Callable[[Floats], Floats]) -> Geometries:
    """New geometries in two dimensions with each coordinate moved; `move` takes (n, 2)."""
    plane = flat(geometries)
    coordinates = shapely.get_coordinates(plane)
    moved = np.ascontiguousarray(move(coordinates))
    if not np.array_equal(coordinates.view(np.int64), moved.view(np.int64)):  # -0.0 is not 0.0
        shapely.set_coordinates(plane, moved)
    return plane


def _nothing(count: int) -> Geometries:
    return np.full(count, None, dtype=object)
