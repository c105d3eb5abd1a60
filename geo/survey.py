"""The end of the survey: whatever is decided for a delivery as a whole is decided here, once.

Until here a delivery was only read and looked at; from here on each batch is worked on by itself,
with what was decided in hand. A delivery that lacks a declared column is refused, and so is one
whose CRS cannot be told or is not the declared one: a guess would put all of it in a false place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geo.normalising.identity import rows_alike
from geo.space.declared_crs import UnknownCrs, identify
from geo.space.operations import Operation, operation_for
from geo.states import GEOM, ROW, RawTable, Refusal, Surveyed
from schemas.models import Bilingual, Layer, Source
from schemas.source_columns import columns_taken, showable_columns

_COUNTS = ("nulls", "distinct", "characters")


def survey(raw: RawTable, source: Source, layer: Layer) -> Surveyed | Refusal:
    """Decides which columns and which CRS a delivery has, before any row is worked on."""
    schema = {
        field.name: str(field.type) for field in raw.rows.schema if field.name not in (ROW, GEOM)
    }
    missing = sorted(columns_taken(source) - set(source.unused) - set(raw.rows.schema.names))
    if missing:
        return _columns_missing(missing, raw)
    operation = None
    if source.position.origin != "none":
        crs = _crs(raw, source)
        if isinstance(crs, Refusal):
            return crs
        operation = operation_for(crs)
    seen = _showable(raw, source, layer)
    lineage = {**_lineage(raw, operation), "seen": seen}
    return Surveyed(raw, operation, schema, lineage, rows_alike(raw, source.key))


def _columns_missing(missing: list[str], raw: RawTable) -> Refusal:
    there = ", ".join(raw.report.columns)
    names = ", ".join(missing)
    return _refused(
        "columns_missing",
        f"แฟ้มไม่มีช่อง {names} ที่ประกาศไว้ ช่องที่มีคือ {there}",
        f"the delivery lacks the declared column(s) {names}; it has {there}",
    )


def _crs(raw: RawTable, source: Source) -> str | Refusal:
    """The declared CRS of columns; of files the one they carry, which must be the declared one."""
    # The words themselves: a library's guess at their code answers 23947 for any Everest.
    declared, carried = source.position.crs, raw.report.crs_text or raw.report.crs_declared
    if source.position.origin == "columns":
        return str(declared)
    try:
        found = identify(carried) if carried else None
    except UnknownCrs as error:
        if declared is None:
            return _refused("crs_unknown", f"ระบบพิกัดของแฟ้มบอกไม่ได้แน่ชัด: {error}", str(error))
        found = None
    wanted = identify(declared) if declared else None
    if found and wanted and found != wanted:
        return _refused(
            "crs_disagrees",
            f"แฟ้มบอกระบบพิกัด {found} แต่คำประกาศบอก {wanted}",
            f"the file says {found}, and the source declares {wanted}",
        )
    if found is None and wanted is None:
        return _refused(
            "crs_missing",
            "แฟ้มไม่บอกระบบพิกัด และคำประกาศก็ไม่บอก",
            "neither the file nor the source says which CRS it is in; declare `position.crs`",
        )
    return str(found or wanted)


def _refused(code: str, th: str, en: str) -> Refusal:
    return Refusal(code=code, message=Bilingual(th=th, en=en))


def _showable(raw: RawTable, source: Source, layer: Layer) -> Mapping[str, Any]:
    """What was seen of the delivery; of columns that staff may not read, no value and no number."""
    open_to_staff = showable_columns(source, layer)
    columns = {
        name: {
            what: seen for what, seen in said.items() if name in open_to_staff or what in _COUNTS
        }
        for name, said in raw.sketch.get("columns", {}).items()
    }
    return {**raw.sketch, "columns": columns}


def _lineage(raw: RawTable, operation: Operation | None) -> Mapping[str, Any]:
    """How the delivery was read and is moved; kept with the run."""
    return {
        "reader": raw.report.model_dump(mode="json", exclude={"bad_rows"}),
        "operation": None
        if operation is None
        else {
            "source_crs": operation.source,
            "target_crs": operation.target,
            "name": operation.name,
            "pipeline": operation.pipeline,
            "accuracy_m": operation.accuracy_m,
            "why": operation.why,
        },
    }
