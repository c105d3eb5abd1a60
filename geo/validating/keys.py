"""Keys: rows without one, exact copies, and rows under a key that is taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.issues import IssueCatalogue
from geo.states import Normalised
from geo.validating.quarantine import errors_of
from schemas.models import Source


def key_issues(
    delivery: Normalised, source: Source, known: pa.Table, catalogue: IssueCatalogue
) -> Iterator[pa.Table]:
    """Rows without a key, exact copies, and other rows under a key that is taken.

    A key belongs to the first row that has no error of its own (`known` issues).
    """
    rows = np.asarray(delivery.table["source_row"])
    column = ", ".join(source.key)
    keys = delivery.table["source_key"]
    missing = np.asarray(pc.is_null(keys))
    yield catalogue.make("key_missing", rows[missing], column=column)
    first_copy = _first_with_same(delivery.row_hash)
    copied = first_copy != np.arange(len(rows))
    yield catalogue.make(
        "row_duplicate", rows[copied], detail=pa.array(rows[first_copy[copied]].astype(str))
    )
    spoilt = np.isin(rows, np.asarray(errors_of(known)["source_row"]))
    sound = np.flatnonzero(~(copied | missing | spoilt))
    first_key = _first_with_same(delivery.table["feature_id"].combine_chunks().take(sound))
    later = np.flatnonzero(first_key != np.arange(len(sound)))
    taken, owner = sound[later], sound[first_key[later]]
    yield catalogue.make(
        "key_duplicate",
        rows[taken],
        column=column,
        value=keys.take(pa.array(taken)),
        detail=pa.array(rows[owner].astype(str)),
    )


def _first_with_same(values: pa.Array) -> NDArray[np.int64]:
    """For each row the index of the first row that has the same value."""
    codes = np.asarray(values.dictionary_encode().indices)
    _, first = np.unique(codes, return_index=True)
    found: NDArray[np.int64] = first[codes]
    return found
