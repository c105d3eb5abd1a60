"""Quarantine: rows with errors, as they were delivered."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.issues import IssueCatalogue
from geo.space import wkb
from geo.states import GEOM, ROW, RawTable
from geo.values.storable import json_text, storable
from geo.values.storable_columns import json_rows, with_member
from schemas.models import Severity

_WITH_ADVICE = ("encoding_unreadable", "quote_unclosed", "text_after_quote", "records_in_quotes")
_REPAIRS = frozenset({"geometry_invalid_repaired", "position_swapped", "text_repaired"})


def unreadable_rows(raw: RawTable, catalogue: IssueCatalogue) -> Iterator[pa.Table]:
    """Rows that the reader could not read; what people can mend has advice of its own.

    They are errors whatever the catalogue says: there is no row that could be published.
    """
    bad = raw.report.bad_rows
    for code in _WITH_ADVICE:
        rows = [row.row for row in bad if row.code == code]
        detail = raw.report.encoding_found
        yield catalogue.make(code, rows, detail=detail, severity=Severity.error)
    others = [row for row in bad if row.code not in _WITH_ADVICE]
    details = pa.array([storable(row.code) for row in others], pa.string())
    rows = [row.row for row in others]
    yield catalogue.make("row_unreadable", rows, detail=details, severity=Severity.error)


def quarantine(raw: RawTable, issues: pa.Table) -> pa.Table:
    """Rows with errors: number, codes, and the row as it was delivered."""
    grouped = (
        errors_of(issues)
        .group_by("source_row", use_threads=False)  # codes in the order of their issues, always
        .aggregate([("code", "distinct")])
        .sort_by("source_row")
    )
    wanted = grouped["source_row"].combine_chunks()
    numbers, texts = _described(raw, wanted.cast(pa.int64()))
    found = pc.index_in(wanted.cast(pa.int64()), numbers)
    return pa.table(
        {"source_row": wanted, "codes": grouped["code_distinct"], "raw": texts.take(found)}
    )


def _described(raw: RawTable, wanted: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Row numbers, and for each the row as JSON: unreadable rows, and the readable among wanted."""
    bad = raw.report.bad_rows
    rows = raw.table.filter(pc.is_in(raw.table[ROW], wanted)).combine_chunks()
    named = {name: _whole(rows[name]) for name in rows.column_names if name not in (ROW, GEOM)}
    shape = "_shape"
    while shape in named:
        shape = f"_{shape}"
    texts = with_member(json_rows(named, rows.num_rows), shape, _shapes(_whole(rows[GEOM])))
    unread = pa.array([json_text({"_text": row.raw}) for row in bad], pa.large_string())
    return (
        pa.concat_arrays([pa.array([row.row for row in bad], pa.int64()), _whole(rows[ROW])]),
        pa.concat_arrays([unread, texts]),
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _shapes(column: pa.Array) -> pa.Array:
    """Shapes as WKT, every digit; one that cannot be told so as its bytes."""
    delivered = column.to_pylist()
    told = shapely.to_wkt(wkb.read(column).shapes.geometries(), rounding_precision=-1)
    bytes_of = [
        f"WKB {shape.hex()}" if shape is not None and text is None else text
        for shape, text in zip(delivered, told, strict=True)
    ]
    return pa.array(bytes_of, pa.large_string())


def count_repaired(issues: pa.Table, accepted: pa.Table) -> int:
    """Accepted rows of which something was repaired."""
    repairs = issues.filter(pc.is_in(issues["code"], pa.array(sorted(_REPAIRS))))
    repaired = pc.is_in(accepted["source_row"], repairs["source_row"].combine_chunks())
    return int(pc.sum(repaired).as_py() or 0)


def errors_of(issues: pa.Table) -> pa.Table:
    """The issues that cost a row its place."""
    return issues.filter(pc.equal(issues["severity"], Severity.error.value))
