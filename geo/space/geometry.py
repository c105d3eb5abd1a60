"""Geometries of a layer: flat, finite, valid, of one kind, on one grid; and what it took.

All in EPSG:4326, longitude first, in columns of shapes (`geo.space.shapes`). A point is conformed
by its two numbers; geometries stand in numpy arrays of shapely, where None is absent.

Repair: GEOS `make_valid` by *structure*, and only where a geometry is invalid. The other method
(linework) keeps every line and counts crossings, so two parts of a district drawn over each other
lose their overlap, and a spike comes out as a line beside the polygon. Structure unites the parts,
takes away the holes, and drops what has no area: the land that the agency meant stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.space.geodesic import area_m2
from geo.space.shapes import Floats, Geometries, Shapes, flat, redrawn
from geo.values.distinct import Mask
from schemas.models import GeometryKind

__all__ = [
    "Conformed",
    "area_m2",
    "conform",
    "outside",
    "swap_axes",
    "swapped",
]

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

VERTEX_CAP = 200_000
"""More than this in one feature keeps PostGIS busy beyond any timeout."""

GRID_DECIMALS = 9
"""1e-9 degree is about 0.1 mm: formats that carry the same position give the same bytes. A layer
may declare a coarser grid (`precision`)."""

_PARTS = {GeometryKind.point: (0,), GeometryKind.line: (1, 2), GeometryKind.polygon: (3,)}
_ONE_OR_SEVERAL = {
    GeometryKind.point: (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT),
    GeometryKind.line: (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING),
    GeometryKind.polygon: (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
}
_METRES_PER_DEGREE = (111_320.0, 110_574.0)  # of longitude at the equator, and of latitude
_SAMPLE = 500  # vertices measured per repaired geometry, so that one coastline costs no minutes


@dataclass(frozen=True)
class Conformed:
    """Shapes as the layer stores them, and by row what was found.

    shapes: points, or MultiLineString or MultiPolygon; none where one of the next five is set.
    missing: null or empty.
    not_finite: a coordinate is NaN or infinite.
    too_many_vertices: more than the cap.
    mismatched: no part is of the layer's kind, or several points where the layer has one.
    unrepairable: nothing is left after repair.
    reduced: parts of other kinds were dropped (a label point beside a polygon).
    repaired: it was invalid; `area_change_m2` (after minus before, as the invalid rings add up) and
        `moved_m` (about how far from the repaired shape its farthest old vertex lies) say by how
        much; both are 0 elsewhere.
    """

    shapes: Shapes
    missing: Mask
    not_finite: Mask
    too_many_vertices: Mask
    mismatched: Mask
    unrepairable: Mask
    reduced: Mask
    repaired: Mask
    area_change_m2: Floats
    moved_m: Floats


def conform(
    shapes: Shapes,
    kind: GeometryKind,
    decimals: int = GRID_DECIMALS,
    vertex_cap: int = VERTEX_CAP,
) -> Conformed:
    """Make shapes what a layer of `kind` stores; bad ones are none and are masked."""
    rows, count = shapes.drawn_rows, len(shapes)
    geometries, found = _conform(shapes.drawn[rows], kind, decimals, vertex_cap)
    by_row = {name: _spread(values, rows, count) for name, values in found.items()}
    finite = shapes.is_point & np.isfinite(shapes.xy).all(axis=1)
    by_row["missing"] |= shapes.missing
    by_row["not_finite"] |= shapes.is_point & ~finite
    if kind is GeometryKind.point:
        xy = np.full((count, 2), np.nan)
        xy[finite] = _rounded(shapes.xy[finite], decimals)
        there = ~shapely.is_missing(geometries)
        xy[rows[there]] = shapely.get_coordinates(geometries)
        stored = Shapes.at(xy)
        by_row["unrepairable"] |= finite & stored.missing  # the grid has no number so large
        return Conformed(stored, **by_row)
    by_row["mismatched"] |= finite
    return Conformed(Shapes.of(_spread(geometries, rows, count)), **by_row)


def _conform(
    geometries: Geometries, kind: GeometryKind, decimals: int, vertex_cap: int
) -> tuple[Geometries, dict[str, NDArray[Any]]]:
    """Geometries (none is None) as the layer stores them; what was found, as in `Conformed`."""
    drawn = flat(geometries)
    missing = shapely.is_empty(drawn)
    too_many = shapely.get_num_coordinates(drawn) > vertex_cap
    drawn[too_many | missing] = None
    not_finite = _not_finite(drawn)
    drawn[not_finite] = None
    whole, reduced = _put_together(drawn, kind, decimals)
    mismatched = shapely.is_missing(whole) & ~shapely.is_missing(drawn)
    repaired = ~shapely.is_valid(whole) & ~shapely.is_missing(whole)
    mended = whole.copy()
    if repaired.any():
        mended[repaired] = _repair(whole[repaired], kind, decimals)
    unrepairable = repaired & shapely.is_missing(mended)
    repaired &= ~unrepairable
    change, moved = np.zeros(len(drawn)), np.zeros(len(drawn))
    if repaired.any():
        change[repaired] = area_m2(mended[repaired]) - area_m2(whole[repaired])
        moved[repaired] = _moved_m(whole[repaired], mended[repaired])
    return mended, {
        "missing": missing,
        "not_finite": not_finite,
        "too_many_vertices": too_many,
        "mismatched": mismatched,
        "unrepairable": unrepairable,
        "reduced": reduced & ~mismatched,
        "repaired": repaired,
        "area_change_m2": change,
        "moved_m": moved,
    }


def _spread(values: NDArray[Any], rows: NDArray[np.int64], count: int) -> NDArray[Any]:
    """Values of some rows among all: False, 0 or None in the others."""
    whole = (
        np.full(count, None, object) if values.dtype == object else np.zeros(count, values.dtype)
    )
    whole[rows] = values
    return whole


def outside(shapes: Shapes, extent: Extent) -> Mask:
    """Where any part of a shape lies outside `extent`; False where there is none."""
    return _beyond(shapes.bounds(), extent)


def swapped(shapes: Shapes, extent: Extent) -> Mask:
    """Where a shape lies outside `extent`, and wholly inside with lon and lat exchanged."""
    bounds = shapes.bounds()
    return _beyond(bounds, extent) & ~_beyond(bounds[:, [1, 0, 3, 2]], extent)


def swap_axes(shapes: Shapes, where: Mask) -> Shapes:
    """New shapes with x and y exchanged `where` the mask is set."""
    turned = shapes.filter(where).moved(lambda xy: xy[:, ::-1])
    xy, is_point, drawn = shapes.xy.copy(), shapes.is_point.copy(), shapes.drawn.copy()
    xy[where], is_point[where], drawn[where] = turned.xy, turned.is_point, turned.drawn
    return Shapes(xy, is_point, drawn)


def _not_finite(geometries: Geometries) -> Mask:
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = owner[~np.isfinite(coordinates).all(axis=1)]
    return np.bincount(bad, minlength=len(geometries)).astype(np.bool_)


def _on_grid(geometries: Geometries, decimals: int) -> Geometries:
    return redrawn(geometries, lambda xy: _rounded(xy, decimals))


def _rounded(xy: Floats, decimals: int) -> Floats:
    with np.errstate(over="ignore"):
        return np.round(xy, decimals) + 0.0  # no -0.0


def _put_together(
    geometries: Geometries, kind: GeometryKind, decimals: int
) -> tuple[Geometries, Mask]:
    """On the grid, as `_of_kind` gives them: at once, from coordinates, where none is odd."""
    there = ~shapely.is_missing(geometries)
    one, several = _ONE_OR_SEVERAL[kind]
    plain = np.isin(shapely.get_type_id(geometries[there]), (one, several))
    if kind is not GeometryKind.point and plain.size and plain.all():
        ends: Any
        found, vertices, ends = shapely.to_ragged_array(geometries[there], include_z=False)
        ends = (*ends, np.arange(len(plain) + 1)) if found == one else ends
        if np.diff(ends[-2]).all():  # no part is empty
            whole = geometries.copy()
            whole[there] = shapely.from_ragged_array(several, _rounded(vertices, decimals), ends)
            return whole, np.zeros(len(geometries), np.bool_)
    return _of_kind(_on_grid(geometries, decimals), kind)


def _of_kind(geometries: Geometries, kind: GeometryKind) -> tuple[Geometries, Mask]:
    """(geometries put together from their parts of `kind`, where other parts were dropped)."""
    parts, owner = _parts(geometries)
    while (shapely.get_type_id(parts) > 3).any():  # collections within collections
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    filled = ~shapely.is_empty(parts)
    parts, owner = parts[filled], owner[filled]
    fits = np.isin(shapely.get_type_id(parts), _PARTS[kind])
    reduced = np.bincount(owner[~fits], minlength=len(geometries)).astype(np.bool_)
    parts, owner = parts[fits], owner[fits]
    whole: Geometries = np.full(len(geometries), None, dtype=object)
    if kind is GeometryKind.point:
        single = np.bincount(owner, minlength=len(geometries))[owner] == 1
        whole[owner[single]] = parts[single]
    elif kind is GeometryKind.line:
        shapely.multilinestrings(parts, indices=owner, out=whole)
    else:
        shapely.multipolygons(parts, indices=owner, out=whole)
    return whole, reduced


def _parts(geometries: Geometries) -> tuple[Geometries, NDArray[np.int64]]:
    """(parts, whose they are); what has one part is that part."""
    if (shapely.get_type_id(geometries) > 3).any():
        parts, owner = shapely.get_parts(geometries, return_index=True)
        return parts, owner
    given = np.flatnonzero(~shapely.is_missing(geometries))
    return geometries[given], given


def _repair(geometries: Geometries, kind: GeometryKind, decimals: int) -> Geometries:
    valid = shapely.make_valid(geometries, method="structure", keep_collapsed=False)
    mended, _ = _of_kind(_on_grid(valid, decimals), kind)
    again = ~shapely.is_valid(mended) & ~shapely.is_missing(mended)
    if again.any():  # the grid broke what was mended: let GEOS build it on the grid
        fixed = shapely.set_precision(valid[again], 10.0**-decimals)
        mended[again] = _of_kind(_on_grid(fixed, decimals), kind)[0]
        mended[~shapely.is_valid(mended)] = None
    return mended


def _moved_m(before: Geometries, after: Geometries) -> Floats:
    moved = np.zeros(len(before))
    vertices, owner = shapely.get_coordinates(before, return_index=True)
    shapely.prepare(after)
    cut = ~shapely.intersects_xy(after[owner], *vertices.T)
    vertices, owner = vertices[cut], owner[cut]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    step = np.bincount(owner, minlength=len(before))[owner] // _SAMPLE + 1
    vertices, owner = vertices[rank % step == 0], owner[rank % step == 0]
    latitudes = np.radians(shapely.bounds(after)[:, 1])
    scale = np.column_stack((np.cos(latitudes), np.ones(len(after)))) * _METRES_PER_DEGREE
    plane: Geometries = after.copy()
    coordinates, index = shapely.get_coordinates(plane, return_index=True)
    shapely.set_coordinates(plane, coordinates * scale[index])
    distances = shapely.distance(plane[owner], shapely.points(vertices * scale[owner]))
    np.maximum.at(moved, owner, distances)
    return moved


def _beyond(bounds: Floats, extent: Extent) -> Mask:
    """Bounds that are not numbers lie beyond nothing."""
    low, high = bounds[:, :2] < extent[:2], bounds[:, 2:] > extent[2:]
    return np.asarray((low | high).any(axis=1))
