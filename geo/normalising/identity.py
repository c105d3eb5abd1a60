"""Identity: the agency's key of each row, as one text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.values.text import clean, without_decimal_zeros


def agency_keys(rows: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """The agency's key as one text; null where no part of it is given. `12.0` is the key `12`."""
    cleaned = [clean(rows[name]).values for name in names]
    parts = [without_decimal_zeros(part, r"-?\d+") for part in cleaned]
    given = np.logical_or.reduce([np.asarray(pc.is_valid(part)) for part in parts])
    joined = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "|")
    return pc.if_else(pa.array(given), joined, pa.scalar(None, pa.string()))
