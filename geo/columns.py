"""Work on the distinct values of a column, then lay the results out over its rows.

Agencies' columns repeat themselves; a transform in Python runs once per distinct value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Column: TypeAlias = pa.Array | pa.ChunkedArray
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Distinct:
    """The distinct values of a column as text, and for each row which one it is (-1 = null)."""

    values: list[str]
    indices: npt.NDArray[np.int64]

    def spread(self, results: Sequence[object], kind: pa.DataType) -> pa.Array:
        """One result per distinct value (null allowed) -> one per row; nulls stay null."""
        indices = pa.array(self.indices, mask=self.indices < 0)
        return pa.array(results, kind).take(indices)

    def spread_mask(self, flags: Sequence[bool]) -> Mask:
        """One flag per distinct value -> one per row; False where the row is null."""
        return np.append(np.array(flags, dtype=np.bool_), False)[self.indices]


def distinct(column: Column) -> Distinct:
    """Distinct values of a column of any type that Arrow can write as text."""
    encoded = as_text(column).dictionary_encode()
    indices = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return Distinct(encoded.dictionary.to_pylist(), indices)


def as_text(column: Column) -> pa.Array:
    """One contiguous string array; numbers as their shortest text, dates as ISO."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.cast(pa.string())
