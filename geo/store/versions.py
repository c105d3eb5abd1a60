"""Open versions of a source's features: what a delivery is compared with, row by row.

All that is kept of a version is its identity and its fingerprint, 33 bytes; so a delivery of any
size is compared while it passes, and only what is new travels to the database.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.values.distinct import Column, Mask, as_array

ID_BYTES, HASH_BYTES = 16, 17
ID_TYPE, HASH_TYPE = pa.binary(ID_BYTES), pa.binary(HASH_BYTES)
"""A fingerprint has the version of its recipe before it, also that of the first recipe, which is
stored without."""

_FIRST_VERSION = b"\x01"
_Bytes = NDArray[np.uint8]
_Index = NDArray[np.int64]


class Versions:
    """The versions that are open, and which of them a delivery has shown again."""

    def __init__(self, known: pa.Table) -> None:
        """`known` has feature_id (16 bytes) and content_hash (17), each feature once."""
        self._known = known
        ids = _halves(known["feature_id"])
        self._order = np.argsort(ids[:, 0], kind="stable")
        self._ids = ids[self._order]
        self._hashes = _bytes(known["content_hash"], HASH_BYTES)[self._order]
        self._seen = np.zeros(len(ids), np.bool_)
        _, counts = np.unique(ids[:, 0], return_counts=True)
        self._most_alike = int(counts.max(initial=0))

    def unchanged(self, rows: pa.Table) -> Mask:
        """Which rows say what an open version says; these versions are not `rest` any more."""
        at = self._find(_halves(rows["feature_id"]))
        same = at >= 0
        hashes = _bytes(_versioned(rows["content_hash"]), HASH_BYTES)[same]
        same[same] = (self._hashes[at[same]] == hashes).all(axis=1)
        self._seen[at[same]] = True
        return same

    def rest(self) -> pa.Table:
        """feature_id of the versions that no row has shown again: they end with this delivery."""
        return self._known.select(["feature_id"]).take(pa.array(self._order[~self._seen]))

    def _find(self, ids: NDArray[np.uint64]) -> _Index:
        """Where each identity is, -1 where it is not. Identities are hashes: two with the same
        first half are possible, and next to never there."""
        first = np.searchsorted(self._ids[:, 0], ids[:, 0])
        found = np.full(len(ids), -1, np.int64)
        for step in range(self._most_alike):
            at = np.minimum(first + step, len(self._ids) - 1)
            hit = (self._ids[at] == ids).all(axis=1)
            found[hit] = at[hit]
        return found


def _versioned(hashes: Column) -> pa.Array:
    plain = as_array(hashes).cast(pa.binary())
    told = pc.binary_join_element_wise(pa.scalar(_FIRST_VERSION), plain, pa.scalar(b""))
    first = pc.equal(pc.binary_length(plain), HASH_BYTES - 1)
    return pc.if_else(first, told, plain).cast(HASH_TYPE)


def _halves(ids: Column) -> NDArray[np.uint64]:
    return _bytes(ids, ID_BYTES).view("<u8")


def _bytes(column: Column, width: int) -> _Bytes:
    """(n, width) bytes of a column without nulls."""
    fixed = as_array(column).cast(pa.binary(width))
    whole = np.frombuffer(fixed.buffers()[1], np.uint8) if len(fixed) else np.empty(0, np.uint8)
    start = fixed.offset * width
    return whole[start : start + len(fixed) * width].reshape(len(fixed), width)
