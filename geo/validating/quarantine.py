"""Quarantine: rows with errors, as they were delivered."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.issues import IssueCatalogue
from geo.states import GEOM, ROW, RawTable
from schemas.models import Severity

_DAMAGED = "encoding_unreadable"
_REPAIRS = frozenset({"geometry_invalid_repaired", "position_swapped", "text_repaired"})


def unreadable_rows(raw: RawTable, catalogue: IssueCatalogue) -> Iterator[pa.Table]:
    """Rows that the reader could not read; damaged characters have advice of their own."""
    damaged = [row.row for row in raw.report.bad_rows if row.code == _DAMAGED]
    yield catalogue.make(_DAMAGED, damaged, detail=raw.report.encoding_found)
    others = [row for row in raw.report.bad_rows if row.code != _DAMAGED]
    details = pa.array([row.code for row in others], pa.string())
    yield catalogue.make("row_unreadable", [row.row for row in others], detail=details)


def quarantine(raw: RawTable, issues: pa.Table) -> pa.Table:
    """Rows with errors: number, codes, and the row as it was delivered."""
    grouped = (
        errors_of(issues)
        .group_by("source_row")
        .aggregate([("code", "distinct")])
        .sort_by("source_row")
    )
    wanted = grouped["source_row"].combine_chunks()
    texts = {
        bad.row: json.dumps({"_text": bad.raw}, ensure_ascii=False) for bad in raw.report.bad_rows
    }
    delivered = raw.table.filter(pc.is_in(raw.table[ROW], wanted.cast(pa.int64())))
    for row in delivered.to_pylist():  # only bad rows; a person reads each of them
        shape = row.pop(GEOM, None)
        if shape is not None:
            row["_shape"] = shapely.to_wkt(shapely.from_wkb(shape, on_invalid="ignore"))
        number = row.pop(ROW)
        texts[number] = json.dumps(row, ensure_ascii=False, default=str)
    return pa.table(
        {
            "source_row": wanted,
            "codes": grouped["code_distinct"],
            "raw": pa.array([texts[row] for row in wanted.to_pylist()], pa.string()),
        }
    )


def count_repaired(issues: pa.Table, accepted: pa.Table) -> int:
    repairs = issues.filter(pc.is_in(issues["code"], pa.array(sorted(_REPAIRS))))
    repaired = pc.is_in(accepted["source_row"], repairs["source_row"].combine_chunks())
    return int(pc.sum(repaired).as_py() or 0)


def errors_of(issues: pa.Table) -> pa.Table:
    return issues.filter(pc.equal(issues["severity"], Severity.error.value))
