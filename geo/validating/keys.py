"""Keys: rows without one, exact copies, and rows under a key that is taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.issues import IssueCatalogue
from geo.states import Judged
from geo.validating.quarantine import errors_of
from geo.validating.seen import Seen
from schemas.models import Source


class Keys:
    """The keys of a delivery that rows may share, and hashes of these rows, kept whole while its
    batches pass in order.

    A key belongs to the first row that has no error of its own.
    """

    def __init__(self, rows: int, source: Source, catalogue: IssueCatalogue) -> None:
        """`rows` is how many can be copies, or be under a key that is taken, at the most."""
        self._copies, self._owners = Seen(rows), Seen(rows)
        self._column = ", ".join(source.key)
        self._catalogue = catalogue

    def issues(self, batch: Judged) -> Iterator[pa.Table]:
        """Rows without a key, exact copies, and other rows under a key that is taken."""
        make, column = self._catalogue.make, self._column
        rows = np.asarray(batch.rows["source_row"])
        keys = batch.rows["source_key"]
        missing = np.asarray(pc.is_null(keys))
        yield make("key_missing", rows[missing], column=column)
        alike, first = np.asarray(pc.is_valid(batch.row_hash)), rows.copy()
        hashes = batch.row_hash.filter(pa.array(alike))
        first[alike] = self._copies.first(hashes, rows[alike])
        copied = first != rows
        yield make("row_duplicate", rows[copied], detail=pa.array(first[copied].astype(str)))
        spoilt = np.isin(rows, np.asarray(errors_of(batch.issues)["source_row"]))
        sound = np.flatnonzero(alike & ~(copied | missing | spoilt))
        ids = batch.rows["feature_id"].combine_chunks().take(pa.array(sound))
        owner = self._owners.first(ids, rows[sound])
        taken = owner != rows[sound]
        yield make(
            "key_duplicate",
            rows[sound][taken],
            column=column,
            value=keys.take(pa.array(sound[taken])),
            detail=pa.array(owner[taken].astype(str)),
        )
