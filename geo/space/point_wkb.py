"""Plain points between WKB and coordinates: whole columns, and no geometry is made.

A plain point is 21 bytes: little-endian, kind 1, and two finite numbers. It is what nearly all
deliveries of points are made of; every other point is for `geo.space.wkb`, as all other kinds are.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from geo.values.distinct import Mask

Floats = NDArray[np.float64]

_PLAIN = np.dtype([("order", "u1"), ("kind", "<u4"), ("xy", "<f8", (2,))])


def read_points(column: pa.Array) -> tuple[Floats, Mask]:
    """Binary column -> (n, 2) coordinates, NaN but for plain points, and where these are."""
    xy = np.full((len(column), 2), np.nan)
    plain = np.zeros(len(column), np.bool_)
    content, starts, lengths = spans(column)
    rows = np.flatnonzero((lengths == _PLAIN.itemsize) & np.asarray(column.is_valid()))
    if rows.size:
        windows = sliding_window_view(content, _PLAIN.itemsize)
        found = windows[starts[rows]].view(_PLAIN)[:, 0]
        fits = (found["order"] == 1) & (found["kind"] == 1) & np.isfinite(found["xy"]).all(axis=1)
        plain[rows[fits]] = True
        xy[rows[fits]] = found["xy"][fits]
    return xy, plain


def write_points(xy: Floats, given: Mask) -> pa.Array:
    """(n, 2) coordinates -> binary column of plain points; null where not `given`."""
    written = np.empty(int(given.sum()), _PLAIN)
    written["order"], written["kind"], written["xy"] = 1, 1, xy[given]
    ends = np.cumsum(given, dtype=np.int32) * np.int32(_PLAIN.itemsize)
    offsets = np.concatenate((np.zeros(1, np.int32), ends))
    there = None if given.all() else pa.py_buffer(np.packbits(given, bitorder="little"))
    buffers = [there, pa.py_buffer(offsets), pa.py_buffer(written)]
    return pa.Array.from_buffers(pa.binary(), len(given), buffers)


def spans(column: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """All bytes of a binary column, and where the value of each row starts and how long it is."""
    large = column.cast(pa.large_binary())
    offsets = np.frombuffer(large.buffers()[1] or bytes(8), np.int64)[large.offset :]
    offsets = offsets[: len(large) + 1]
    content = np.frombuffer(large.buffers()[2] or b"", np.uint8)
    return content, offsets[:-1], np.diff(offsets)
