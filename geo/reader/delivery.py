"""What a format's reader hands over: pieces of Arrow columns, and what was seen on the way."""

from __future__ import annotations

import json
import re
import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from geo.reader.encoding import UNREADABLE, UTF8_AS_CP874
from geo.reader.job import BAD_ROWS_FILE
from geo.reader.refused import Refused
from geo.spill import ROWS_PER_BATCH

FEW = 100
"""Bad rows that are accepted even if they are the greater part of a delivery."""
RAW_LENGTH = 2_000
"""Characters of a bad row's raw text that are kept."""
MOST_ODDITIES = 1_000
BATCH_BYTES, ROW_BYTES = 1 << 26, 1 << 28
"""A batch of large rows is divided; a row that is larger than any batch is not handed over."""

_SIGNS = ((UNREADABLE, UNREADABLE), ("\x00", "\x00"), ("เธ", UTF8_AS_CP874))
"""What unreadable text holds: a text to look for quickly, and the pattern that decides."""


@dataclass
class Piece:
    """Some records of a delivery: `rows` are their numbers; `geometry` is WKB, or absent."""

    rows: pa.Array
    columns: dict[str, pa.Array]
    geometry: pa.Array | None = None
    bad_rows: list[tuple[int, str, str]] = field(default_factory=list)

    def quarantine(self, mask: pa.Array, code: str) -> None:
        """Move the rows where `mask` is true to the bad rows."""
        positions = [i for i, bad in enumerate(mask.to_pylist()) if bad] if mask.true_count else []
        if not positions:
            return
        for values in pa.table({"_row": self.rows} | self.columns).take(positions).to_pylist():
            number = values.pop("_row")
            raw = json.dumps(values, ensure_ascii=False, default=str)
            self.bad_rows.append((number, code, raw[:RAW_LENGTH]))
        import pyarrow.compute as pc  # a tenth of a second, which most deliveries need not pay

        keep = pc.invert(mask)
        self.rows = self.rows.filter(keep)
        self.columns = {name: column.filter(keep) for name, column in self.columns.items()}
        if self.geometry is not None:
            self.geometry = self.geometry.filter(keep)

    def quarantine_unreadable(self, encoding: str | None) -> None:
        """Rows with bytes that fit no encoding are bad rows, never half-read ones."""
        for text, pattern in _SIGNS if encoding == "cp874" else _SIGNS[:2]:
            for name in list(self.columns):
                column = self.columns[name]
                if column.type == pa.string() and _holds(column, text):
                    self.quarantine(_matches(column, pattern), "encoding_unreadable")

    def table(self) -> pa.Table:
        """As it is handed over: numbers, WKB, and the agency's columns."""
        count = len(self.rows)
        geometry = self.geometry if self.geometry is not None else pa.nulls(count, pa.binary())
        if geometry.type != pa.binary():
            geometry = geometry.cast(pa.binary())
        return pa.table({"_row": self.rows, "_geom": geometry} | self.columns)


@dataclass
class Delivery:
    """One delivery as it is read: `pieces`, at least one of them, all with the same columns.

    What is known only when the last piece has passed is put here until then (`oddities`).
    `records` is how many the delivery holds by an *independent count*: of a second scanner over
    the bytes, never of the parser that made the rows, nor of anything that begins with its count.
    `blank` are those among them that hold no value and were left out on purpose.
    """

    driver: str
    pieces: Iterable[Piece]
    records: int
    blank: int = 0
    container_layer: str | None = None
    encoding_declared: str | None = None
    encoding_found: str | None = None
    crs_declared: str | None = None
    crs_text: str | None = None
    geometry_type: str | None = None
    oddities: list[tuple[str, str]] = field(default_factory=list)
    bad_rows: list[tuple[int, str, str]] = field(default_factory=list)


def _holds(column: pa.Array, text: str) -> bool:
    """Whether `text` is anywhere in a column."""
    content = column.buffers()[2]
    return content is not None and re.search(text.encode(), content) is not None


def _matches(column: pa.Array, pattern: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.match_substring_regex(column, pattern).fill_null(False)


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as string, int64, double or bool; dates and times as ISO text, bytes as hex."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            raise Refused("too_large", "one column holds more than 2 GB of text")
    kind = column.type
    if kind == pa.string():
        return _marked(column)
    if kind in (pa.bool_(), pa.int64(), pa.float64()):
        return column
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([v if v is None else v.hex() for v in column.to_pylist()], pa.string())
    if pa.types.is_nested(kind):
        texts = [v if v is None else json.dumps(v, ensure_ascii=False) for v in column.to_pylist()]
        return pa.array(texts, pa.string())
    return column.cast(pa.string())


def _marked(column: pa.Array) -> pa.Array:
    """Text with U+FFFD for bytes that are no UTF-8: GDAL hands on what a damaged file holds."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.cast(pa.binary()).to_pylist()
        texts = [value if value is None else value.decode("utf-8", "replace") for value in raw]
        return pa.array(texts, pa.string())
    return column


def ordinals(count: int, start: int = 1) -> pa.Array:
    """Record numbers from `start`."""
    numbers = array("q", range(start, start + count))
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(numbers)])


EMPTY_BYTES = 9
"""WKB of a shape without parts: byte order, kind, and a count of 0."""
_POINTS = pa.array([struct.pack("<I", kind) for kind in (1, 1001, 2001, 3001)], pa.binary())
_NAN = struct.pack("<d", float("nan"))


def quarantine_lost(piece: Piece, has_geometry: list[bool]) -> None:
    """A feature with a geometry in the file, and none or an empty one after GDAL, is a bad row."""
    import numpy as np  # not there for the formats without geometry

    if piece.geometry is not None:
        absent = _nothing_in(piece.geometry).to_numpy(zero_copy_only=False)
        lost = np.logical_and(np.array(has_geometry, np.bool_), absent)
        piece.quarantine(pa.array(lost, pa.bool_()), "geometry_unreadable")


def _nothing_in(wkb: pa.Array) -> pa.Array:
    """Where WKB is null, of no part, or a point that is not a number, which stands for none."""
    import pyarrow.compute as pc

    plain = wkb.cast(pa.binary())
    no_parts = pc.equal(pc.binary_length(plain), EMPTY_BYTES)
    point = pc.is_in(pc.binary_slice(plain, 1, 5), _POINTS)
    nowhere = pc.equal(pc.binary_slice(plain, 5, 13), _NAN)
    return pc.or_(no_parts, pc.and_(point, nowhere)).fill_null(True)


def write(delivery: Delivery, rows: BinaryIO, out: Path, limits: dict[str, int]) -> dict[str, Any]:
    """Hand the rows over as an Arrow stream while they are read; answers the report of them.

    It has no compression: the parent takes nothing else. Raises `Refused`: rows_lost,
    too_many_bad_rows, too_large.
    """
    count = null_geometries = 0
    ipc = None
    for piece in delivery.pieces:
        if len(delivery.bad_rows) > limits["bad_rows"]:
            raise _too_many(delivery.bad_rows)
        piece.quarantine_unreadable(delivery.encoding_found)
        delivery.bad_rows += piece.bad_rows
        table = piece.table()
        ipc = ipc or pa.ipc.new_stream(rows, table.schema)
        for batch in _batches(table):
            ipc.write_batch(batch)
        count += table.num_rows
        null_geometries += table["_geom"].null_count
    assert ipc is not None, "a delivery has a piece, though it has no rows"
    _refuse_lost_rows(delivery, count)
    if len(delivery.bad_rows) > min(limits["bad_rows"], max(FEW, count)):
        raise _too_many(delivery.bad_rows)
    ipc.close()
    rows.close()
    _write_bad_rows(delivery.bad_rows, out / BAD_ROWS_FILE)
    return {
        "driver": delivery.driver,
        "container_layer": delivery.container_layer,
        "records": delivery.records,
        "rows": count,
        "blank_records": delivery.blank,
        "columns": table.column_names[2:],
        "encoding_declared": delivery.encoding_declared,
        "encoding_found": delivery.encoding_found,
        "crs_declared": delivery.crs_declared,
        "crs_text": delivery.crs_text,
        "geometry_type": delivery.geometry_type,
        "null_geometries": null_geometries,
        "oddities": [
            {"code": code, "detail": text[:RAW_LENGTH]}
            for code, text in delivery.oddities[:MOST_ODDITIES]
        ],
    }


def _refuse_lost_rows(delivery: Delivery, rows: int) -> None:
    """Every record that was counted is a row, a bad row or blank; else nothing is believed."""
    accounted = rows + len(delivery.bad_rows) + delivery.blank
    if accounted != delivery.records:
        raise Refused("rows_lost", f"{accounted} of {delivery.records}")


def _too_many(bad_rows: list[tuple[int, str, str]]) -> Refused:
    first = "; ".join(f"{row}: {code}" for row, code, _ in bad_rows[:3])
    return Refused("too_many_bad_rows", f"{len(bad_rows)} ({first})")


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """Of so many rows at the most, and of fewer where these are large."""
    for start in range(0, max(1, table.num_rows), ROWS_PER_BATCH):
        part = table.slice(start, ROWS_PER_BATCH).combine_chunks()
        batch = pa.RecordBatch.from_arrays(
            [column.chunk(0) if column.num_chunks else pa.nulls(0, column.type) for column in part],
            schema=part.schema,
        )
        yield from _divided(batch)


def _divided(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if batch.nbytes <= BATCH_BYTES or (batch.num_rows == 1 and batch.nbytes <= ROW_BYTES):
        yield batch
    elif batch.num_rows == 1:
        raise Refused("too_large", f"record {batch.column(0)[0]}: {batch.nbytes} bytes")
    else:
        half = batch.num_rows // 2
        yield from _divided(batch.slice(0, half))
        yield from _divided(batch.slice(half))


def _write_bad_rows(bad_rows: list[tuple[int, str, str]], path: Path) -> None:
    columns = zip(*sorted(bad_rows), strict=True) if bad_rows else ((), (), ())
    types = (pa.int64(), pa.string(), pa.string())
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    table = pa.table(arrays, names=["row", "code", "raw"])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as ipc:
        ipc.write_table(table)
