"""Identity: the agency's key of each row, as one text, and which rows share theirs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.states import ROW, RawTable
from geo.values.text import clean, without_decimal_zeros


def agency_keys(rows: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """The agency's key as one text; null where no part of it is given. `12.0` is the key `12`."""
    cleaned = [clean(rows[name]).values for name in names]
    parts = [without_decimal_zeros(part, r"-?\d+") for part in cleaned]
    given = np.logical_or.reduce([np.asarray(pc.is_valid(part)) for part in parts])
    joined = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "|")
    return pc.if_else(pa.array(given), joined, pa.scalar(None, pa.string()))


def rows_alike(raw: RawTable, names: tuple[str, ...]) -> pa.Array:
    """Numbers of the rows (int64) that may share their key with another row, or that have none.

    Equal keys have equal marks, so none of them is missed; a chance of 2^-64 lets another in.
    """
    from pandas.util import hash_array  # half a second, where rows are at work

    marks = np.empty(raw.rows.num_rows, np.uint64)
    numbers, done = np.empty(len(marks), np.int32), 0
    for batch in raw.columns(ROW, *names):
        keys = agency_keys(pa.Table.from_batches([batch]), names).fill_null("")
        here = slice(done, done := done + len(keys))
        marks[here] = hash_array(keys.to_numpy(zero_copy_only=False), categorize=False)
        numbers[here] = np.asarray(batch[ROW])
    return pa.array(numbers[_repeated(marks)], pa.int64())


def _repeated(marks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where a mark stands that stands elsewhere, too; in order."""
    order = np.argsort(marks)
    equal = marks[order[1:]] == marks[order[:-1]]
    shared = np.zeros(len(marks), np.bool_)
    shared[order[1:][equal]] = shared[order[:-1][equal]] = True
    return np.flatnonzero(shared)
