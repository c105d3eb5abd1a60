"""Work on the distinct values of a column, then lay the results out over its rows.

Agencies' columns repeat themselves; a transform in Python runs once per distinct value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Column: TypeAlias = pa.Array | pa.ChunkedArray
Mask: TypeAlias = npt.NDArray[np.bool_]
Value = TypeVar("Value")
Pair: TypeAlias = tuple[str | None, str | None]


@dataclass(frozen=True)
class Distinct(Generic[Value]):
    """The distinct values of a column, and for each row which one it is (-1 = null)."""

    values: list[Value]
    indices: npt.NDArray[np.int64]

    def spread(self, results: Sequence[object], kind: pa.DataType) -> pa.Array:
        """One result per distinct value (null allowed) -> one per row; nulls stay null."""
        indices = pa.array(self.indices, mask=self.indices < 0)
        return pa.array(results, kind).take(indices)

    def spread_mask(self, flags: Sequence[bool]) -> Mask:
        """One flag per distinct value -> one per row; False where the row is null."""
        return spread_mask(flags, self.indices)


def distinct(column: Column) -> Distinct[str]:
    """Distinct values of a column of any type that Arrow can write as text."""
    encoded = as_text(column).dictionary_encode()
    return Distinct(encoded.dictionary.to_pylist(), indices_of(encoded))


def indices_of(encoded: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """For each row which value of the dictionary it has (-1 = null)."""
    indices: npt.NDArray[np.int64] = np.asarray(encoded.indices.cast(pa.int64()).fill_null(-1))
    return indices


def spread_mask(flags: Sequence[bool] | Mask, indices: npt.NDArray[np.int64]) -> Mask:
    """One flag per distinct value -> one per row; False where the row is null."""
    return np.append(np.array(flags, dtype=np.bool_), False)[indices]


def distinct_pairs(left: Column, right: Column) -> Distinct[Pair]:
    """Distinct pairs of two columns of one length; a null is a value here."""
    first, second = distinct(left), distinct(right)
    width = len(second.values) + 1
    found, indices = np.unique(first.indices * width + second.indices + 1, return_inverse=True)
    lefts: list[str | None] = [*first.values, None]
    rights: list[str | None] = [*second.values, None]
    pairs = [(lefts[i // width], rights[i % width - 1]) for i in found.tolist()]
    return Distinct(pairs, indices.astype(np.int64))


def as_text(column: Column) -> pa.Array:
    """One contiguous string array; numbers as their shortest text, dates as ISO."""
    return as_array(column).cast(pa.string())


def as_array(column: Column) -> pa.Array:
    """One contiguous array of a column that may come in chunks."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def spanned_bytes(column: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all texts of an array, one after the other, without a copy.

    One look at them answers for the whole column. A null may have bytes of its own there.
    """
    _, offsets, data = column.buffers()
    if not len(column) or data is None:
        return np.empty(0, dtype=np.uint8)
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    ends = np.frombuffer(offsets, dtype=width)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]
