"""Step 3, normalise: the agency's rows in the words of the layer; one schema, one CRS.

Columns of a batch at a time. What is repaired is recorded, and the raw value is kept with the
delivery.
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
from geo.space.operations import Operation
from geo.states import ROW, Normalised, RawTable
from geo.values.codes import AdminCodes
from schemas.models import Area, Layer, Role, Source


def normalise(
    raw: RawTable,
    operation: Operation | None,
    source: Source,
    layer: Layer,
    area: Area,
    catalogue: IssueCatalogue,
    alike: pa.Array | None = None,
) -> Normalised:
    """Maps, cleans, places and fingerprints a batch, with what the survey decided for all of them.

    `operation` moves positions to EPSG:4326; None: the source has none. `alike` are the numbers of
    rows that can be copies; None: it may be any.
    """
    rows, filtered = apply_filters(raw.table, source.filters)
    codes = AdminCodes.for_province(area.province_code)
    claims = ClaimReader(rows, source, layer, codes, catalogue).read()
    positions = read_positions(rows, operation, source, layer, area, catalogue)
    columns, issues = fill_columns(rows, source, layer, catalogue)
    issues += _official_names(rows, columns, claims, codes, layer, source, catalogue)
    table = _assemble(rows, source, columns, claims, positions)
    return Normalised(
        raw=raw,
        table=table,
        shapes=positions.shapes,
        row_hash=_row_hashes(rows, alike),
        issues=gather([*issues, *claims.issues, *positions.issues]),
        filtered=filtered,
    )


def _row_hashes(rows: pa.Table, alike: pa.Array | None) -> pa.Array:
    """Of those rows that can be copies."""
    content = rows.drop_columns([ROW])
    if alike is None:
        return row_hashes(content)
    wanted = pc.is_in(rows[ROW], alike).combine_chunks()
    hashes = row_hashes(content.filter(wanted))
    return pc.replace_with_mask(pa.nulls(rows.num_rows, hashes.type), wanted, hashes)


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
