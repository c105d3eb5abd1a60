"""WKB that GEOS does not read, or must not: curves, surfaces, and collections without a floor.

GEOS stops at every curve, knows no TIN, and calls itself for each collection within another, so
that a few hundred kilobytes of nothing but nesting end the process. What is made of straight lines
becomes the simple kind that it is, exactly; a true arc is told apart from what is broken.

Layout and numbers: OGC 06-103r4 and ISO 13249-3 (Z +1000, M +2000), and the flags of EWKB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.space.point_wkb import read_points, spans
from geo.space.shapes import Shapes
from geo.values.distinct import Mask, as_array

POINT, LINE, POLYGON, MULTIPOINT, MULTILINE, MULTIPOLYGON, COLLECTION = range(1, 8)
CIRCULAR, COMPOUND, CURVE_POLYGON, MULTICURVE, MULTISURFACE = range(8, 13)
POLYHEDRAL, TIN, TRIANGLE = range(15, 18)

MAX_DEPTH = 32
"""Geometries within each other; GDAL draws the line there, too."""
FLAT_BYTES = 16_384
"""Up to this length nesting is too shallow (nine bytes a level) to fill a stack."""
STRAIGHT = 1e-9
"""An arc whose middle is this share of its chord away from the chord is a straight line."""

_FAR = 1e12
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_JOINED: Mapping[int, Callable[..., Any]] = {
    MULTIPOINT: shapely.multipoints,
    MULTILINE: shapely.multilinestrings,
    MULTICURVE: shapely.multilinestrings,
    MULTIPOLYGON: shapely.multipolygons,
    MULTISURFACE: shapely.multipolygons,
    POLYHEDRAL: shapely.multipolygons,
    TIN: shapely.multipolygons,
    COLLECTION: shapely.geometrycollections,
}

Vertices = NDArray[np.float64]


class Broken(ValueError):
    """No geometry."""


class Curved(ValueError):
    """A geometry with a true arc."""


class Read(NamedTuple):
    """Shapes by row, none where absent or where one of the masks is set.

    unreadable: the bytes are no geometry. curved: a geometry with true arcs.
    """

    shapes: Shapes
    unreadable: NDArray[np.bool_]
    curved: NDArray[np.bool_]


def read(column: pa.Array | pa.ChunkedArray) -> Read:
    """Binary column -> shapes: whatever the bytes, no exception and no row lost."""
    whole = as_array(column)
    xy, plain = read_points(whole)
    geometries = np.full(len(whole), None, dtype=object)
    unreadable, curved = np.zeros(len(whole), np.bool_), np.zeros(len(whole), np.bool_)
    others = np.flatnonzero(np.asarray(whole.is_valid()) & ~plain)
    if others.size:
        column = whole.take(pa.array(others)) if plain.any() else whole.drop_null()
        geometries[others], unreadable[others], curved[others] = _careful(column)
    return Read(Shapes(xy, plain, geometries), unreadable, curved)


def _careful(column: pa.Array) -> tuple[NDArray[np.object_], Mask, Mask]:
    """All but plain points: (geometries, where unreadable, where curved); no value is null."""
    raw = column.to_numpy(zero_copy_only=False)
    for_geos = ~_needs_care(column)
    geometries = np.full(len(raw), None, dtype=object)
    curved = np.zeros(len(raw), np.bool_)
    with suppress(NotImplementedError), np.errstate(invalid="ignore"):
        geometries[for_geos] = shapely.from_wkb(raw[for_geos], on_invalid="ignore")
    unreadable = np.asarray(shapely.is_missing(geometries))
    for row in np.flatnonzero(unreadable):
        try:
            geometries[row] = simple(raw[row])
        except Curved:
            curved[row] = True
        except Broken:
            continue
        unreadable[row] = False
    return geometries, unreadable, curved


def simple(wkb: bytes) -> shapely.Geometry:
    """One geometry in two dimensions, of the simple kinds; raises `Broken` or `Curved`."""
    cursor = _Cursor(wkb)
    try:
        with np.errstate(invalid="ignore"):  # not a number: for `conform` to tell
            return cursor.geometry(0)
    except Curved:
        raise
    except (struct.error, shapely.errors.ShapelyError, TypeError, ValueError) as error:
        raise Broken(str(error)) from error


def _needs_care(column: pa.Array) -> Mask:
    """Where the header says another kind than the simple ones, or one that nests without end.

    GEOS reads a collection that holds a curve, and stops at it later.
    """
    content, starts, lengths = spans(column)
    needs = np.zeros(len(column), np.bool_)
    rows = np.flatnonzero(lengths >= 5)
    if rows.size:
        header = content[starts[rows, None] + np.arange(5)]
        little = np.ascontiguousarray(header[:, 1:]).view("<u4")[:, 0]
        big = np.ascontiguousarray(header[:, 1:]).view(">u4")[:, 0]
        kinds = (np.where(header[:, 0] == 0, big, little) & ~np.uint32(_Z | _M | _SRID)) % 1000
        needs[rows] = (kinds >= COLLECTION) | ((kinds > POLYGON) & (lengths[rows] > FLAT_BYTES))
    return needs


class _Cursor:
    """A place in the bytes of one geometry; each method reads on from there."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def geometry(self, depth: int) -> shapely.Geometry:
        if depth > MAX_DEPTH:
            raise Broken("too deep")
        order, kind, dimensions = self._header()
        if kind == POINT:
            (place,) = self._vertices(order, dimensions, 1)
            return shapely.Point() if np.isnan(place).all() else shapely.Point(place)
        if kind == LINE:
            return shapely.LineString(self._sequence(order, dimensions))
        if kind == CIRCULAR:
            return shapely.LineString(_straight(self._sequence(order, dimensions)))
        if kind in (POLYGON, TRIANGLE):
            rings = range(self._number(order))
            return _polygon([self._sequence(order, dimensions) for _ in rings])
        parts = [self.geometry(depth + 1) for _ in range(self._number(order))]
        if kind == COMPOUND:
            return _chained(parts)
        if kind == CURVE_POLYGON:
            return _polygon([_line(part) for part in parts])
        if kind not in _JOINED:
            raise Broken(f"kind {kind}")
        joined: shapely.Geometry = _JOINED[kind](np.array(parts, dtype=object))
        return joined

    def _header(self) -> tuple[str, int, int]:
        (mark,) = self._take("B", 1)
        if mark > 1:
            raise Broken("byte order")
        order = "<" if mark else ">"
        (code,) = self._take(f"{order}I", 4)
        if code & _SRID:
            self._take(f"{order}I", 4)
        above, kind = divmod(code & ~(_Z | _M | _SRID), 1000)
        if above > 3:
            raise Broken(f"kind {code}")
        z, m = bool(code & _Z) or above in (1, 3), bool(code & _M) or above in (2, 3)
        return order, kind, 2 + z + m

    def _take(self, layout: str, size: int) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += size
        return values

    def _number(self, order: str) -> int:
        (number,) = self._take(f"{order}I", 4)
        return number

    def _sequence(self, order: str, dimensions: int) -> Vertices:
        return self._vertices(order, dimensions, self._number(order))

    def _vertices(self, order: str, dimensions: int, number: int) -> Vertices:
        """ValueError where there are fewer, like all that reads on beyond the end."""
        values = np.frombuffer(self.data, f"{order}f8", number * dimensions, self.at)
        self.at += values.nbytes
        return values.reshape(number, dimensions)[:, :2].astype(np.float64)


def _straight(vertices: Vertices) -> Vertices:
    """The vertices of a string of arcs, if each of them is a straight line; else `Curved`."""
    if len(vertices) and len(vertices) % 2 == 0:
        raise Broken("an arc has three vertices")
    if not (np.abs(vertices) < _FAR).all():
        return vertices  # nowhere on Earth, straight or not
    start, middle, end = vertices[:-2:2], vertices[1:-1:2], vertices[2::2]
    chord, step = end - start, middle - start
    along = (chord * step).sum(axis=1)
    length = (chord**2).sum(axis=1)
    across = np.abs(chord[:, 0] * step[:, 1] - chord[:, 1] * step[:, 0])
    if not ((across <= STRAIGHT * length) & (along >= 0) & (along <= length)).all():
        raise Curved
    closed = (length == 0) & (step != 0).any(axis=1)
    if closed.any():  # start and end are one: a whole circle
        raise Curved
    return vertices


def _line(part: shapely.Geometry) -> Vertices:
    if not isinstance(part, shapely.LineString):
        raise Broken("a curve is made of lines")
    return shapely.get_coordinates(part)


def _chained(parts: list[shapely.Geometry]) -> shapely.Geometry:
    """One line of several, each of which begins where the last one ended."""
    pieces = [piece for piece in map(_line, parts) if len(piece)]
    if any((one[-1] != other[0]).any() for one, other in pairwise(pieces)):
        raise Broken("a gap in a curve")
    joined = [piece[1:] if number else piece for number, piece in enumerate(pieces)]
    return shapely.LineString(np.concatenate([*joined, np.empty((0, 2))]))


def _polygon(rings: list[Vertices]) -> shapely.Geometry:
    """As GEOS does, which closes no ring for anybody."""
    if any(len(ring) and (ring[0] != ring[-1]).any() for ring in rings):
        raise Broken("a ring is not closed")
    if not rings or not len(rings[0]):
        return shapely.Polygon()
    shell, *holes = (shapely.LinearRing(ring) for ring in rings if len(ring))
    return shapely.Polygon(shell, holes)
