"""One agency's register while it is being written: its columns, and beside them the truth.

A mess is planted by changing what the agency says at some rows and saying here what has to come of
it. Each row gets one mess at most, so that causes and effects stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from samples import truth

Index = NDArray[np.int64]
Objects = NDArray[np.object_]
Floats = NDArray[np.float64]

ONE_MESS_IN = 150
MOST_OF_A_MESS = 200


class Register:
    """Rows of one source. Arrays are parallel; `columns` holds the agency's own words.

    `lon` and `lat` are where each place truly lies (WGS 84 degrees), NaN where the agency gives no
    position; writers of shapes take the positions from here.
    """

    def __init__(
        self,
        source_id: str,
        columns: dict[str, Any],
        *,
        key: str,
        random: np.random.Generator,
        lon: Floats | None = None,
        lat: Floats | None = None,
        districts: Objects,
        subdistricts: Objects | None = None,
        unplaced_at: str = "subdistrict",
        first_row: int = 1,
    ) -> None:
        self.source_id, self.key, self.random = source_id, key, random
        self.columns = {name: np.array(values, dtype=object) for name, values in columns.items()}
        size = len(districts)
        located = lon is not None and lat is not None
        self.lon = np.array(lon) if located else np.full(size, np.nan)
        self.lat = np.array(lat) if located else np.full(size, np.nan)
        self.district = np.array(districts, dtype=object)
        self.subdistrict = np.full(size, None, dtype=object)
        if subdistricts is not None:
            self.subdistrict[:] = subdistricts
        self.fate = np.full(size, "exact" if located else unplaced_at, dtype=object)
        self.code = np.full(size, None, dtype=object)
        self.row = np.arange(first_row, first_row + size)
        self.messes: dict[str, int] = {}
        self._issues: list[tuple[Index, str]] = []
        self._values: list[tuple[Index, str, Objects]] = []
        self._free = np.ones(size, dtype=bool)
        self._copies: list[int] = []

    def __len__(self) -> int:
        return len(self.fate)

    @property
    def few(self) -> int:
        """How many rows one mess takes: a small share, at least one and a bounded number."""
        return int(np.clip(len(self) // ONE_MESS_IN, 1, MOST_OF_A_MESS))

    def pick(self, mess: str, count: int | None = None, where: Any = None) -> Index:
        """Rows that have no mess yet, in order; they are counted as `mess`.

        Without a `count`, a few; and fewer where `where` leaves no more. Raises ValueError where
        there are not enough.
        """
        free = self._free if where is None else self._free & where
        pool = np.flatnonzero(free)
        wanted = count
        if wanted is None:
            wanted = self.few if where is None else min(self.few, len(pool))
        if len(pool) < wanted:
            raise ValueError(f"{self.source_id}: {len(pool)} free rows for {wanted} of {mess}")
        chosen = np.sort(self.random.choice(pool, wanted, replace=False))
        self._free[chosen] = False
        self.messes[mess] = self.messes.get(mess, 0) + wanted
        return chosen

    def say(self, rows: Index, column: str, words: Any) -> None:
        """What the agency writes at these rows."""
        self.columns[column][rows] = words

    def expect(self, rows: Index, column: str, values: Any) -> None:
        """The cleaned value that the layer's column must have at these rows."""
        spread = np.empty(len(rows), dtype=object)
        spread[:] = values
        self._values.append((rows, column, spread))

    def issue(self, rows: Index, *codes: str) -> None:
        """Faults that must be reported at these rows."""
        self._issues += [(rows, code) for code in codes]

    def quarantine(self, rows: Index, code: str) -> None:
        """These rows must not be published, because of this error."""
        self.fate[rows], self.code[rows] = "quarantined", code
        self.issue(rows, code)

    def filter_out(self, rows: Index) -> None:
        """These rows do not belong to the layer."""
        self.fate[rows] = "filtered"

    def at_area(self, rows: Index, at: str) -> None:
        """These rows have no position: they are at the area that they name."""
        self.fate[rows] = at
        self.lon[rows] = self.lat[rows] = np.nan
        if at == "district":
            self.subdistrict[rows] = None

    def repeat(self, mess: str, count: int | None = None) -> Index:
        """Add exact copies of untouched rows at the end; returns the copies."""
        originals = self.pick(mess, count)
        size = len(self)
        self.columns = {
            name: np.concatenate([values, values[originals]])
            for name, values in self.columns.items()
        }
        for name in ("lon", "lat", "district", "subdistrict", "fate", "code"):
            values = getattr(self, name)
            setattr(self, name, np.concatenate([values, values[originals]]))
        self.row = np.concatenate([self.row, self.row[-1] + 1 + np.arange(len(originals))])
        self._free = np.concatenate([self._free, np.zeros(len(originals), dtype=bool)])
        return np.arange(size, len(self))

    def skip_line(self, after: int) -> None:
        """An empty line of the sheet: the rows after this one move down."""
        self.row[after + 1 :] += 1

    def plant_duplicates(self, name: str) -> None:
        """Exact copies, and other content under a key that is taken; the first row stays."""
        self.quarantine(self.repeat("row_duplicate"), "row_duplicate")
        self.plant_taken_keys(name)

    def plant_taken_keys(self, name: str) -> None:
        """Rows with another name under a key that is taken; the first row stays."""
        taken = self.repeat("key_duplicate")
        self.say(taken, name, self.columns[name][taken] + " (แห่งใหม่)")
        self.quarantine(taken, "key_duplicate")

    def plant_unreadable(self) -> None:
        """Two last records that the writer makes itself: of a wrong length, in wrong bytes."""
        records = self.repeat("unreadable_record", 2)
        self.say(records, self.key, None)
        self.quarantine(records[:1], "row_unreadable")
        self.quarantine(records[1:], "encoding_unreadable")

    def finish(self, keys: Sequence[Any] | None = None) -> truth.SourceTruth:
        """The truth about this register, in the order of its rows."""
        said = self.columns[self.key] if keys is None else np.array(keys, dtype=object)
        size = len(self)
        source = pa.repeat(pa.scalar(self.source_id), size)
        published = np.isin(self.fate, ["exact", "subdistrict", "district"])
        nowhere = (self.fate != "exact") | np.isnan(self.lon)
        rows = pa.table(
            [
                source,
                pa.array(self.row, pa.int32()),
                pa.array([None if key in (None, "") else str(key) for key in said], pa.string()),
                pa.array(self.fate, pa.string()),
                pa.array(self.code, pa.string()),
                pa.array(self.lon, pa.float64(), mask=nowhere),
                pa.array(self.lat, pa.float64(), mask=nowhere),
                pa.array(self.district, pa.string(), mask=~published),
                pa.array(self.subdistrict, pa.string(), mask=~published),
            ],
            schema=truth.ROWS,
        )
        return truth.SourceTruth(
            self.source_id, rows, self._issue_table(), self._value_table(), self.messes
        )

    def _issue_table(self) -> pa.Table:
        lines = [(self.source_id, int(self.row[i]), code) for at, code in self._issues for i in at]
        return _table(lines, truth.ISSUES)

    def _value_table(self) -> pa.Table:
        lines = [
            (self.source_id, int(self.row[i]), column, None if value is None else str(value))
            for at, column, values in self._values
            for i, value in zip(at, values, strict=True)
        ]
        return _table(lines, truth.VALUES)


def _table(lines: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*lines, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)],
        schema=schema,
    )
