"""Step 3, normalise: the agency's rows in the words of the layer; one schema, one CRS.

Columns at a time. What is repaired is recorded, and the raw value is kept with the delivery.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.codes import AdminCodes
from geo.columns import as_text
from geo.hashing import canonical_wkb, feature_ids, row_hashes
from geo.issues import IssueCatalogue, gather
from geo.normalising.attributes import fill_columns
from geo.normalising.claims import ClaimReader, Claims
from geo.normalising.positions import Positions, read_positions
from geo.states import ROW, Normalised, RawTable, Refusal
from geo.text import clean, match_key
from schemas.lint_sources import columns_taken
from schemas.models import Area, Bilingual, Filter, Layer, Role, Source


def normalise(
    raw: RawTable, source: Source, layer: Layer, area: Area, catalogue: IssueCatalogue
) -> Normalised | Refusal:
    """Maps, cleans, places and fingerprints a delivery.

    Refused as a whole: a delivery that lacks a declared column, and one whose CRS cannot be told
    or is not the declared one.
    """
    missing = sorted(columns_taken(source) - set(source.unused) - set(raw.table.column_names))
    if missing:
        return _columns_missing(missing, raw)
    rows, filtered = _apply_filters(raw.table, source.filters)
    codes = AdminCodes.for_province(area.province_code)
    claims = ClaimReader(rows, source, layer, codes, catalogue).read()
    positions = read_positions(raw, rows, source, layer, area, catalogue)
    if isinstance(positions, Refusal):
        return positions
    columns, issues = fill_columns(rows, source, layer, catalogue)
    issues += _official_names(rows, columns, claims, codes, layer, source, catalogue)
    table = _assemble(rows, source, columns, claims, positions)
    return Normalised(
        raw=raw,
        table=table,
        shapes=positions.shapes,
        row_hash=row_hashes(rows.drop_columns([ROW])),
        issues=gather([*issues, *claims.issues, *positions.issues]),
        filtered=filtered,
        lineage=_lineage(raw, positions),
    )


def _columns_missing(missing: list[str], raw: RawTable) -> Refusal:
    there = ", ".join(raw.report.columns)
    names = ", ".join(missing)
    return Refusal(
        code="columns_missing",
        message=Bilingual(
            th=f"แฟ้มไม่มีช่อง {names} ที่ประกาศไว้ ช่องที่มีคือ {there}",
            en=f"the delivery lacks the declared column(s) {names}; it has {there}",
        ),
    )


def _apply_filters(rows: pa.Table, filters: tuple[Filter, ...]) -> tuple[pa.Table, pa.Table]:
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


def _official_names(
    rows: pa.Table,
    columns: dict[str, pa.Array],
    claims: Claims,
    codes: AdminCodes,
    layer: Layer,
    source: Source,
    catalogue: IssueCatalogue,
) -> list[pa.Table]:
    """Boundaries are named by their code: files cut names at the width of a field."""
    if layer.role not in (Role.district, Role.subdistrict):
        return []
    own = claims.district if layer.role is Role.district else claims.subdistrict
    thai, english = codes.official_names(own)
    given = columns["name_th"]
    differs = codes.names_differ(own, given)
    mapping = source.columns.get("name_th")
    issue = catalogue.make(
        "name_differs_from_code",
        np.asarray(rows[ROW])[differs],
        column=mapping.column if mapping and isinstance(mapping.column, str) else "name_th",
        value=given.filter(pa.array(differs)),
        detail=thai.filter(pa.array(differs)),
    )
    columns["name_th"] = pc.coalesce(thai, given)
    columns["name_en"] = pc.coalesce(english, columns["name_en"])
    return [issue]


def _assemble(
    rows: pa.Table,
    source: Source,
    columns: dict[str, pa.Array],
    claims: Claims,
    positions: Positions,
) -> pa.Table:
    content = {
        "claimed_district_code": claims.district,
        "claimed_subdistrict_code": claims.subdistrict,
        **columns,
    }
    keys = _keys(rows, source.key)
    return pa.table(
        {
            "source_row": rows[ROW].combine_chunks().cast(pa.int32()),
            "source_key": keys,
            "feature_id": feature_ids(source.id, [keys]),
            "content_hash": row_hashes(
                pa.table({**content, "geom": canonical_wkb(positions.shapes)})
            ),
            **content,
        }
    )


def _keys(rows: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """The agency's key as one text; null where no part of it is given. `12.0` is the key `12`."""
    parts = [clean(as_text(rows[name])).values for name in names]
    parts = [pc.replace_substring_regex(part, r"^(-?\d+)\.0+$", r"\1") for part in parts]
    given = np.logical_or.reduce([np.asarray(pc.is_valid(part)) for part in parts])
    joined = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "|")
    return pc.if_else(pa.array(given), joined, pa.scalar(None, pa.string()))


def _lineage(raw: RawTable, positions: Positions) -> dict[str, object]:
    """How the delivery was read and moved; kept with the run."""
    operation = positions.operation
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
