"""Geometry within geometry within geometry: refused before it is read.

GEOS reads WKB by recursion without a bound: 180 kB of collections, each in the next, end the
process with a segmentation fault. (GDAL, which made the WKB, stops at 32 levels; a child that was
taken over does not.) So what is long enough to nest deeply is walked first, in the way of GEOS.

Constants: OGC 06-103r4 (Simple Features), 8.2.8, and the flags of PostGIS' EWKB.
"""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa

MOST_LEVELS = 500
_LEAST_OF_A_LEVEL = 9  # bytes: the order of bytes, the type, the number of parts
_POINT, _POLYGON = 1, 3
_LINES, _NESTING = (2, 8), (4, 5, 6, 7, 9, 10, 11, 12)
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000


def nests_deeply(shapes: pa.BinaryArray) -> bool:
    """Whether a WKB of a column has more than MOST_LEVELS geometries within each other."""
    return len(shapes) > 0 and any(map(_is_deep, _long_enough(shapes)))


def _long_enough(chunk: pa.BinaryArray) -> list[bytes]:
    offsets = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset :][: len(chunk) + 1]
    long = np.flatnonzero(np.diff(offsets) > MOST_LEVELS * _LEAST_OF_A_LEVEL)
    return [wkb for wkb in chunk.take(pa.array(long)).to_pylist() if wkb is not None]


def _is_deep(wkb: bytes) -> bool:
    """Follow the parts; bytes that end early or are of no known type end it for GEOS as well."""
    order, at, left = "<", 0, [1]  # `left`: at each level, the parts that are still to come
    try:
        while left:
            left[-1] -= 1
            order = {0: ">", 1: "<"}.get(wkb[at], order)
            kind, dimensions, at = _head(wkb, at, order)
            if kind == _POINT:
                at += 8 * dimensions
            elif kind in _LINES:
                at = _after_points(wkb, at, order, dimensions)
            elif kind == _POLYGON:
                (rings,) = struct.unpack_from(order + "I", wkb, at)
                at += 4
                for _ in range(rings):
                    at = _after_points(wkb, at, order, dimensions)
            elif kind in _NESTING:
                left += struct.unpack_from(order + "I", wkb, at)
                at += 4
            else:
                return False
            if len(left) > MOST_LEVELS:
                return True
            while left and not left[-1]:
                left.pop()
    except (struct.error, IndexError):
        return False
    return False


def _head(wkb: bytes, at: int, order: str) -> tuple[int, int, int]:
    """Type, number of coordinates of a point, and where the content begins."""
    (word,) = struct.unpack_from(order + "I", wkb, at + 1)
    family, kind = divmod(word & 0xFFFF, 1000)
    has_z = bool(word & _Z) or family in (1, 3)
    has_m = bool(word & _M) or family in (2, 3)
    return kind, 2 + has_z + has_m, at + (9 if word & _SRID else 5)


def _after_points(wkb: bytes, at: int, order: str, dimensions: int) -> int:
    (points,) = struct.unpack_from(order + "I", wkb, at)
    return at + 4 + int(points) * 8 * dimensions
