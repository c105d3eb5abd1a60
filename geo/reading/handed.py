"""What a child hands back, checked: a table and a report that agree, or a refusal, nothing else.

The child read an agency's bytes, and may have been taken over by them. So all that it left is as
hostile as they are: it is bounded before it is read, checked whole, and believed no further.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from geo.reader.job import BAD_ROWS_FILE, REPORT_FILE
from geo.reading import child, nesting, rows
from geo.reading.messages import MESSAGES, refusal
from geo.spill import Spill
from geo.states import GEOM, MOST_RECORDS, ROW, BadRow, RawTable, ReadReport, Refusal
from geo.surveying.sketches import Sketch

MOST_REPORT_BYTES = 4 << 20
MOST_COLUMNS = 5_000
_TYPES = (pa.string(), pa.int64(), pa.float64(), pa.bool_())
_COMMANDS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""In no name that anybody gave; tabs and line breaks are in those that Excel shows on two lines."""
_BAD_ROW: rows.Wanted = (
    ("row", (pa.int64(),)),
    ("code", (pa.string(),)),
    ("raw", (pa.string(),)),
)


class Intake:
    """The rows of a child, as they pass: each batch is checked, sketched and set aside."""

    def __init__(self, scratch: Path | None = None) -> None:
        self.spill: Spill | None = None
        self.null_geometries = 0
        self.sketch = Sketch()
        self._numbers: list[NDArray[np.int64]] = []
        self._scratch = scratch

    def take(self, source: Any) -> None:
        """All rows that `source` gives. Raises NotPlain."""
        schema, batches = rows.stream(source)
        _require_plain(schema)
        self.spill = Spill(schema, self._scratch)
        self.sketch = Sketch.of_columns(schema.names[2:])
        for batch in batches:
            self._look_at(batch)
            self.sketch = self.sketch.add(batch)
            self.spill.add(batch)
        self.spill.finish()

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The number of each row's record."""
        return np.concatenate([np.array([], np.int64), *self._numbers])

    def _look_at(self, batch: pa.RecordBatch) -> None:
        numbers, shapes = batch.column(ROW), batch.column(GEOM)
        if numbers.null_count:
            raise rows.NotPlain("a row has no number")
        if nesting.nests_deeply(shapes):
            raise rows.NotPlain("a geometry holds too many others within each other")
        self._numbers.append(numbers.to_numpy().copy())
        self.null_geometries += shapes.null_count


def _require_plain(schema: pa.Schema) -> None:
    names = schema.names
    if len(names) > MOST_COLUMNS or len(set(names)) < len(names):
        raise rows.NotPlain("too many columns, or two of one name")
    if any(_COMMANDS.search(name) for name in names):
        raise rows.NotPlain("a column's name holds control characters")
    types = ((pa.int64(),), (pa.binary(),), *(_TYPES for _ in names[2:]))
    wanted = (ROW, GEOM, *names[2:])
    rows.require_columns(schema, tuple(zip(wanted, types, strict=False)))


def accept(
    folder: Path, intake: Intake, end: child.End, format: str, most_bad_rows: int
) -> RawTable | Refusal:
    """The outcome of the child whose job folder this is, of its rows, and of its end."""
    try:
        said = report(folder) or {}
        if "unsafe" in said:
            return refusal("reader_unsafe", str(said["unsafe"]))
        if "refused" in said:
            return _refused(said["refused"])
        if end.fault is not None:
            raise rows.NotPlain(end.fault)
        if not said:
            return refusal("reader_report", "the report cannot be read")
        return _table(folder, intake, said["table"], format, end, most_bad_rows)
    except (KeyError, TypeError, ValueError) as error:  # pydantic's and Arrow's are ValueErrors
        return refusal("reader_report", _words(error))


def report(folder: Path) -> dict[str, Any] | None:
    """The report that a child left, or nothing if it left none that is JSON and of decent size."""
    left = child.left(folder, REPORT_FILE)
    if left is None or len(left) > MOST_REPORT_BYTES:
        return None
    try:
        said = json.loads(left[:], object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("a name is said twice")
    return said


def _refused(said: Any) -> Refusal:
    code, detail = said["code"], said["detail"]
    if code not in MESSAGES or not isinstance(detail, str):
        return refusal("reader_report", "a refusal of no known kind")
    return refusal(code, detail)


def _table(
    folder: Path,
    intake: Intake,
    said: Any,
    format: str,
    end: child.End,
    most_bad_rows: int,
) -> RawTable | Refusal:
    bad = _bad_rows(folder, most_bad_rows)
    checked = ReadReport(format=format, sandbox=end.walls, bad_rows=bad, **said)
    spill = intake.spill
    if spill is None:
        raise ValueError("the reader handed no rows over")
    if tuple(spill.schema.names) != (ROW, GEOM, *checked.columns):
        raise ValueError("its columns are not those of the report")
    counted = (spill.num_rows, intake.null_geometries)
    if counted != (checked.rows, checked.null_geometries):
        raise ValueError("the rows and the report do not agree")
    _require_numbers(intake.numbers, checked)
    return RawTable(spill, checked, intake.sketch.told())


def _bad_rows(folder: Path, most: int) -> tuple[BadRow, ...]:
    table = rows.read(_left(folder, BAD_ROWS_FILE), _BAD_ROW)
    if table.num_rows > most:
        raise ValueError(f"{table.num_rows} bad rows")
    return tuple(BadRow(**row) for row in table.to_pylist())


def _require_numbers(rows: NDArray[np.int64], checked: ReadReport) -> None:
    """Each record has one number of its own, whether it is a row or a bad row."""
    bad = [bad.row for bad in checked.bad_rows]
    numbers = np.concatenate([rows, np.array(bad, np.int64)])
    if len(numbers) and (numbers.min() < 1 or numbers.max() > MOST_RECORDS):
        raise ValueError("a row has a number that is none")
    if len(np.unique(numbers)) < len(numbers):
        raise ValueError("two rows have one number")


def _left(folder: Path, name: str) -> pa.Buffer:
    left: mmap.mmap | None = child.left(folder, name)
    if left is None:
        raise ValueError(f"the reader left no {name}")
    return pa.py_buffer(left)


def _words(error: Exception) -> str:
    """One fault of a report is enough, without the values that it quotes."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{type(error).__name__}: {error}"
