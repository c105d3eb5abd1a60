"""Declarations and deliveries of the heart's tests: small, and written down where they are used."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from geo.issues import ISSUE_SCHEMA, IssueCatalogue, gather
from geo.normalise import normalise
from geo.normalising.hashing import feature_ids, row_hashes
from geo.space.areas import AdminAreas, Areas
from geo.space.shapes import Shapes
from geo.states import BadRow, Judged, Normalised, RawTable, ReadReport, Refusal
from geo.survey import survey
from schemas.catalogue import load_catalogue
from schemas.models import Area, Layer, Source

_DECLARED = load_catalogue()
CATALOGUE = IssueCatalogue(_DECLARED.issue_codes)
AREA: Area = _DECLARED.areas["bangkok"]
FIRST_ROW = 11
"""Number of the first row: no row's number is its index, so neither passes for the other."""

WEST = shapely.box(100.48, 13.74, 100.50, 13.76)
EAST = shapely.box(100.50, 13.74, 100.52, 13.76)


def layer(
    columns: Dictionary[str, Dictionary[str, Any]] | None = None,
    role: str = "place",
    geometry: str = "point",
    **more: object,
) -> Layer:
    """A layer with names and the columns given (public texts, unless they say otherwise)."""
    title = {"th": "ก", "en": "a"}
    plain = {"type": "text", "title": title, "privacy": "public"}
    given = {"name_th": {}, "name_en": {}, **(columns or {})}
    declared = {
        "id": "things",
        "title": title,
        "description": title,
        "role": role,
        "geometry": geometry,
        "columns": {name: plain | dict(column) for name, column in given.items()},
        "style": {"colour": "#332288"},
    }
    return Layer.model_validate(declared | more)


def source(
    columns: Dictionary[str, object] | None = None,
    origin: str = "none",
    crs: str | None = None,
    **more: object,
) -> Source:
    """A source with the key `id`. A column's mapping is the agency's name, or a whole mapping."""
    mappings = {
        name: {"column": mapping} if isinstance(mapping, str) else mapping
        for name, mapping in (columns or {}).items()
    }
    position = {"origin": origin, "crs": crs}
    if origin == "columns":
        position |= {"x": "x", "y": "y"}
    declared: dict[str, object] = {
        "id": "some_source",
        "layer": "things",
        "agency": "bma",
        "title": {"th": "ก", "en": "a"},
        "location": "things.csv",
        "format": "csv",
        "key": ["id"],
        "position": position,
        "columns": mappings,
    }
    return Source.model_validate(declared | more)


def raw(
    bad_rows: Sequence[BadRow] = (),
    crs: str | None = None,
    crs_declared: str | None = None,
    shapes: Sequence[shapely.Geometry | bytes | None] | None = None,
    **columns: Sequence[object],
) -> RawTable:
    """A delivery as the reader hands it over; its rows are numbered from FIRST_ROW."""
    count = len(next(iter(columns.values())))
    given = [None] * count if shapes is None else shapes
    wkb = [shape if isinstance(shape, bytes | None) else shapely.to_wkb(shape) for shape in given]
    table = pa.table(
        {
            "_row": pa.array(range(FIRST_ROW, FIRST_ROW + count), pa.int64()),
            "_geom": pa.array(wkb, pa.binary()),
            **{name: pa.array(values) for name, values in columns.items()},
        }
    )
    report = {
        "format": "csv",
        "driver": "test",
        "container_layer": None,
        "rows": count,
        "records": count + len(bad_rows),
        "columns": tuple(columns),
        "encoding_declared": None,
        "encoding_found": "utf-8",
        "crs_declared": crs_declared,
        "crs_text": crs,
        "geometry_type": None,
        "null_geometries": sum(shape is None for shape in given),
        "bad_rows": tuple(bad_rows),
        "sandbox": {
            "landlock_abi": 0,
            "network_namespace": False,
            "another_user": False,
            "seccomp": False,
        },
    }
    return RawTable(table, ReadReport.model_validate(report))


def normalised(
    keys: Sequence[str | None],
    shapes: Sequence[shapely.Geometry | None] | None = None,
    districts: Sequence[str | None] | None = None,
    subdistricts: Sequence[str | None] | None = None,
    issues: Sequence[pa.Table] = (),
    delivered: RawTable | None = None,
    filtered: Sequence[int] = (),
    **columns: Sequence[object],
) -> Normalised:
    """A normalised delivery; its raw rows hold the keys and columns unless `delivered` is given."""
    count = len(keys)
    delivered = delivered or raw(id=keys, **columns)
    rows = pa.array(range(FIRST_ROW, FIRST_ROW + count), pa.int32())
    named = pa.array(keys, pa.string())
    table = pa.table(
        {
            "source_row": rows,
            "source_key": named,
            "feature_id": feature_ids("some_source", [named]),
            "content_hash": feature_ids("content", [named]),
            "claimed_district_code": pa.array(districts or [None] * count, pa.string()),
            "claimed_subdistrict_code": pa.array(subdistricts or [None] * count, pa.string()),
            **{name: pa.array(values) for name, values in columns.items()},
        }
    )
    places = shapes if shapes is not None else [shapely.Point(100.49, 13.75)] * count
    reason = ["ก"] * len(filtered)
    return Normalised(
        raw=delivered,
        table=table,
        shapes=Shapes.of(np.array(places, dtype=object)),
        row_hash=row_hashes(delivered.table.drop_columns(["_row"]))[:count],
        issues=gather(list(issues)),
        filtered=pa.table(
            {
                "source_row": pa.array(filtered, pa.int32()),
                "reason_th": pa.array(reason, pa.string()),
                "reason_en": pa.array(reason, pa.string()),
            }
        ),
    )


def judged(delivery: Normalised, issues: Sequence[pa.Table] = ()) -> Judged:
    """A batch whose rows have these issues of their own."""
    return Judged(
        delivery.raw, delivery.table, delivery.row_hash, gather(list(issues)), delivery.filtered
    )


def normalised_whole(
    delivered: RawTable, by: Source, of: Layer, area: Area, catalogue: IssueCatalogue
) -> Normalised | Refusal:
    """A delivery that is one batch, surveyed and normalised."""
    surveyed = survey(delivered, by, of)
    if isinstance(surveyed, Refusal):
        return surveyed
    whole = RawTable(delivered.table, delivered.report)
    return normalise(whole, surveyed.operation, by, of, area, catalogue)


def city() -> AdminAreas:
    """Two districts of one subdistrict each: 1001 in the west, 1002 in the east."""
    shapes = np.array([WEST, EAST], dtype=object)
    districts = np.array(["1001", "1002"], dtype=object)
    return AdminAreas(
        Areas(districts, shapes, districts),
        Areas(np.array(["100101", "100201"], dtype=object), shapes, districts),
    )


def issue(code: str, *rows: int, **more: Any) -> pa.Table:
    """Issues of one code."""
    return CATALOGUE.make(code, rows, **more)


def said(issues: pa.Table | Sequence[pa.Table]) -> list[tuple[str, int]]:
    """(code, source row) of issues, in their order."""
    table = issues if isinstance(issues, pa.Table) else gather(list(issues))
    assert table.schema == ISSUE_SCHEMA
    return list(zip(table["code"].to_pylist(), table["source_row"].to_pylist(), strict=True))


def told(issues: pa.Table | Sequence[pa.Table], column: str) -> list[object]:
    """One column of issues, in their order."""
    table = issues if isinstance(issues, pa.Table) else gather(list(issues))
    values: list[object] = table[column].to_pylist()
    return values
