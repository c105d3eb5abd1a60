"""Step 3, normalise: the agency's rows in the words of the layer; one schema, one CRS.

Columns at a time. What is repaired is recorded, and the raw value is kept with the delivery.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.issues import IssueCatalogue, gather
from geo.normalising.attributes import fill_columns
from geo.normalising.claims import ClaimReader, Claims
from geo.normalising.filters import apply_filters
from geo.normalising.hashing import content_hashes, feature_ids, row_hashes
from geo.normalising.identity import agency_keys
from geo.normalising.positions import Positions, read_positions
from geo.states import ROW, Normalised, RawTable, Refusal
from geo.values.codes import AdminCodes
from schemas.models import Area, Bilingual, Layer, Role, Source
from schemas.source_columns import columns_taken


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
    rows, filtered = apply_filters(raw.table, source.filters)
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
    keys = agency_keys(rows, source.key)
    return pa.table(
        {
            "source_row": rows[ROW].combine_chunks().cast(pa.int32()),
            "source_key": keys,
            "feature_id": feature_ids(source.id, [keys]),
            "content_hash": content_hashes(
                pa.table({**content, "geom": positions.shapes.canonical_wkb()})
            ),
            **content,
        }
    )


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
