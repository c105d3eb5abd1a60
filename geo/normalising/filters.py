"""Declared filters: rows that belong to the layer, and the others with the reason."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.states import ROW
from geo.values.distinct import as_text
from geo.values.text import match_key
from schemas.models import Filter


def apply_filters(rows: pa.Table, filters: tuple[Filter, ...]) -> tuple[pa.Table, pa.Table]:
    """Rows that belong to the layer, and the others with the declared reason."""
    dropped = [
        pa.table(
            {
                "source_row": pa.array([], pa.int32()),
                "reason_th": pa.array([], pa.string()),
                "reason_en": pa.array([], pa.string()),
            }
        )
    ]
    for declared in filters:
        keep = _keeps(rows, declared)
        numbers = rows.filter(pc.invert(keep))[ROW].combine_chunks().cast(pa.int32())
        dropped.append(
            pa.table(
                {
                    "source_row": numbers,
                    "reason_th": pa.repeat(pa.scalar(declared.reason.th), len(numbers)),
                    "reason_en": pa.repeat(pa.scalar(declared.reason.en), len(numbers)),
                }
            )
        )
        rows = rows.filter(keep)
    return rows, pa.concat_tables(dropped)


def _keeps(rows: pa.Table, declared: Filter) -> pa.Array:
    values = match_key(as_text(rows[declared.column]))
    wanted = match_key(pa.array(declared.keep or declared.keep_prefix))
    if declared.keep:
        return pc.is_in(values, wanted)
    starts = [pc.starts_with(values, prefix) for prefix in wanted.to_pylist()]
    found = np.logical_or.reduce([np.asarray(pc.fill_null(start, False)) for start in starts])
    return pa.array(found)
