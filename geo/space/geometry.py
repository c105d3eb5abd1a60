"""Geometries of a layer: flat, finite, valid, of one kind, on one grid; and what it took.

All in EPSG:4326, longitude first, in numpy arrays of shapely geometries where None is absent.

Repair: GEOS `make_valid` by *structure*, and only where a geometry is invalid. The other method
(linework) keeps every line and counts crossings, so two parts of a district drawn over each other
lose their overlap, and a spike comes out as a line beside the polygon. Structure unites the parts,
takes away the holes, and drops what has no area: the land that the agency meant stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from geo.space.geodesic import Floats, Geometries, area_m2
from geo.values.distinct import Mask
from schemas.models import GeometryKind

__all__ = [
    "Conformed",
    "area_m2",
    "conform",
    "outside",
    "points",
    "swap_axes",
    "swapped",
    "to_wkb",
]

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

VERTEX_CAP = 200_000
"""More than this in one feature keeps PostGIS busy beyond any timeout."""

GRID_DECIMALS = 9
"""1e-9 degree is about 0.1 mm: formats that carry the same position give the same bytes."""

_PARTS = {GeometryKind.point: (0,), GeometryKind.line: (1, 2), GeometryKind.polygon: (3,)}
_METRES_PER_DEGREE = (111_320.0, 110_574.0)  # of longitude at the equator, and of latitude
_SAMPLE = 500  # vertices measured per repaired geometry, so that one coastline costs no minutes


@dataclass(frozen=True)
class Conformed:
    """Geometries as the layer stores them, and by row what was found.

    geometries: Point, MultiLineString or MultiPolygon; None where one of the next five is set.
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

    geometries: Geometries
    missing: Mask
    not_finite: Mask
    too_many_vertices: Mask
    mismatched: Mask
    unrepairable: Mask
    reduced: Mask
    repaired: Mask
    area_change_m2: Floats
    moved_m: Floats


def conform(geometries: Geometries, kind: GeometryKind, vertex_cap: int = VERTEX_CAP) -> Conformed:
    """Make geometries what a layer of `kind` stores; bad ones become None and are masked."""
    flat: Geometries = np.array(shapely.force_2d(geometries), dtype=object)
    missing = shapely.is_missing(flat) | shapely.is_empty(flat)
    too_many = shapely.get_num_coordinates(flat) > vertex_cap
    flat[too_many | missing] = None
    not_finite = _not_finite(flat)
    flat[not_finite] = None
    whole, reduced = _of_kind(_on_grid(flat), kind)
    mismatched = shapely.is_missing(whole) & ~shapely.is_missing(flat)
    repaired = ~shapely.is_valid(whole) & ~shapely.is_missing(whole)
    mended = whole.copy()
    mended[repaired] = _repair(whole[repaired], kind)
    unrepairable = repaired & shapely.is_missing(mended)
    repaired &= ~unrepairable
    change, moved = np.zeros(len(flat)), np.zeros(len(flat))
    change[repaired] = area_m2(mended[repaired]) - area_m2(whole[repaired])
    moved[repaired] = _moved_m(whole[repaired], mended[repaired])
    return Conformed(
        mended,
        missing,
        not_finite,
        too_many,
        mismatched,
        unrepairable,
        reduced & ~mismatched,
        repaired,
        change,
        moved,
    )


def outside(geometries: Geometries, extent: Extent) -> Mask:
    """Where any part of a geometry lies outside `extent`; False for nulls."""
    return _beyond(shapely.bounds(geometries), extent)


def swapped(geometries: Geometries, extent: Extent) -> Mask:
    """Where a geometry lies outside `extent`, and wholly inside with lon and lat exchanged."""
    bounds = shapely.bounds(geometries)
    return _beyond(bounds, extent) & ~_beyond(bounds[:, [1, 0, 3, 2]], extent)


def swap_axes(geometries: Geometries, where: Mask) -> Geometries:
    """New geometries with x and y exchanged `where` the mask is set."""
    turned: Geometries = geometries.copy()
    some: Geometries = np.array(shapely.force_2d(geometries[where]), dtype=object)
    turned[where] = shapely.set_coordinates(some, shapely.get_coordinates(some)[:, ::-1])
    return turned


def points(x: Floats, y: Floats) -> Geometries:
    """Points from two columns; None where either is not finite."""
    given = np.isfinite(x) & np.isfinite(y)
    made: Geometries = np.full(len(x), None, dtype=object)
    made[given] = shapely.points(x[given], y[given])
    return made


def to_wkb(geometries: Geometries) -> pa.Array:
    """Little-endian 2D WKB; null where None."""
    return pa.array(shapely.to_wkb(geometries, byte_order=1, output_dimension=2), pa.binary())


def _not_finite(geometries: Geometries) -> Mask:
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = owner[~np.isfinite(coordinates).all(axis=1)]
    return np.bincount(bad, minlength=len(geometries)).astype(np.bool_)


def _on_grid(geometries: Geometries) -> Geometries:
    snapped: Geometries = geometries.copy()
    coordinates = np.round(shapely.get_coordinates(snapped), GRID_DECIMALS) + 0.0  # no -0.0
    return np.asarray(shapely.set_coordinates(snapped, coordinates))


def _of_kind(geometries: Geometries, kind: GeometryKind) -> tuple[Geometries, Mask]:
    """(geometries put together from their parts of `kind`, where other parts were dropped)."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
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


def _repair(geometries: Geometries, kind: GeometryKind) -> Geometries:
    valid = shapely.make_valid(geometries, method="structure", keep_collapsed=False)
    mended, _ = _of_kind(_on_grid(valid), kind)
    again = ~shapely.is_valid(mended) & ~shapely.is_missing(mended)
    if again.any():  # the grid broke what was mended: let GEOS build it on the grid
        fixed = shapely.set_precision(valid[again], 10.0**-GRID_DECIMALS)
        mended[again] = _of_kind(_on_grid(fixed), kind)[0]
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
