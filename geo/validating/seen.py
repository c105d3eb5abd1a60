"""Which row had a hash first: all hashes of a delivery, kept whole while its batches pass.

A table with open addressing and linear probing, a batch of hashes at a time: equal hashes are found
by all of their bits, in time that grows with the number of rows alone.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Rows = NDArray[np.int64]
_HASH_BYTES = 16
_LOAD = 4
"""Places in the table for each row: probes stay short."""


class Seen:
    """Hashes of 16 bytes with the number of the row that had each of them first."""

    def __init__(self, most: int) -> None:
        """`most` rows are shown at the most, in all."""
        places = 1 << max(4, (_LOAD * most - 1).bit_length())
        self._mask = places - 1
        self._held = np.full(places, -1, np.int32)  # by place, the index of a hash
        self._hashes = np.empty((most, 2), np.uint64)
        self._rows: Rows = np.empty(most, np.int64)
        self._count = 0

    def first(self, hashes: pa.Array, rows: Rows) -> Rows:
        """For each row the number of the first row with the same hash, which may be itself."""
        same = first_with_same(hashes)
        new = np.flatnonzero(same == np.arange(len(rows)))
        halves = _halves(hashes)[new]
        index = self._count + np.arange(len(new))
        self._hashes[index], self._rows[index] = halves, rows[new]
        self._count += len(new)
        owners = np.empty(len(rows), np.int64)
        owners[new] = self._rows[self._place(halves, index)]
        return owners[same]

    def _place(self, halves: NDArray[np.uint64], index: Rows) -> Rows:
        """Puts hashes that differ from each other where there is room; the index of who had it."""
        owner = index.copy()
        place = (halves[:, 0] & np.uint64(self._mask)).astype(np.int64)
        left = np.arange(len(index))
        while len(left):
            here = place[left]
            free = self._held[here] < 0
            self._held[here[free]] = index[left[free]]  # of several that want it, one is there then
            there = self._held[here].astype(np.int64)
            equal = (self._hashes[there] == halves[left]).all(axis=1)
            owner[left[equal]] = there[equal]
            left = left[~equal]
            place[left] = (place[left] + 1) & self._mask
        return owner


def first_with_same(values: pa.Array) -> Rows:
    """For each row the index of the first row that has the same value."""
    codes = np.asarray(values.dictionary_encode().indices)
    _, first = np.unique(codes, return_index=True)
    found: Rows = first[codes]
    return found


def _halves(hashes: pa.Array) -> NDArray[np.uint64]:
    """(n, 2); the bytes of a column of fixed width, without a copy where it is whole."""
    content = np.frombuffer(hashes.buffers()[1], np.uint64)
    start = hashes.offset * _HASH_BYTES // 8
    return content[start : start + 2 * len(hashes)].reshape(-1, 2)
