"""Identity: the agency's key of each row, as one text, and which rows share theirs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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

    numbers, marks = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for batch in raw.columns(ROW, *names):
        keys = agency_keys(pa.Table.from_batches([batch]), names).fill_null("")
        marks.append(hash_array(keys.to_numpy(zero_copy_only=False), categorize=False))
        numbers.append(np.asarray(batch[ROW]))
    whole = np.concatenate(marks)
    different, counts = np.unique(whole, return_counts=True)
    return pa.array(np.concatenate(numbers)[np.isin(whole, different[counts > 1])])
