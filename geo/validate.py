"""Step 4, validate: the layer's declared rules, judged by whole columns, give issues row by row.

Errors quarantine the row; warnings and notes travel with it. Nothing is lost: rows in = accepted +
quarantined + filtered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.areas import NEAR_METRES, AdminAreas, Areas
from geo.errors import RowAccountingError
from geo.geometry import to_wkb
from geo.issues import IssueCatalogue, gather
from geo.rules import broken_rules
from geo.states import GEOM, ROW, Normalised, RawTable, Validated
from schemas.models import Area, Layer, Role, Severity, Source

_DAMAGED = "encoding_unreadable"
_REPAIRS = frozenset({"geometry_invalid_repaired", "position_swapped", "text_repaired"})


def validate(
    delivery: Normalised,
    source: Source,
    layer: Layer,
    area: Area,
    admin: AdminAreas | None,
    catalogue: IssueCatalogue,
) -> Validated:
    """Judges every row. `admin` is None while the map has no subdistricts yet.

    Raises RowAccountingError if a row went astray, which is a fault of ours.
    """
    issues = gather(
        [
            delivery.issues,
            *_unreadable_rows(delivery.raw, catalogue),
            *broken_rules(delivery.table, source, layer, catalogue),
            *_places(delivery, source, layer, catalogue),
            *_positions(delivery, layer, area, admin, catalogue),
        ]
    )
    issues = gather([issues, *_keys(delivery, source, issues, catalogue)])
    quarantined = _quarantine(delivery.raw, issues)
    keep = pc.invert(pc.is_in(delivery.table["source_row"], quarantined["source_row"]))
    shapes = delivery.shapes[np.asarray(keep)]
    accepted = delivery.table.filter(keep).append_column("geom", to_wkb(shapes))
    rows_in = delivery.raw.table.num_rows + len(delivery.raw.report.bad_rows)
    rows_out = accepted.num_rows + quarantined.num_rows + delivery.filtered.num_rows
    if rows_in != rows_out:
        raise RowAccountingError(source.id, "validate", rows_in, rows_out)
    return Validated(
        accepted=accepted,
        quarantined=quarantined,
        filtered=delivery.filtered,
        issues=issues,
        rows_in=rows_in,
        rows_held=int(shapely.is_missing(shapes).sum()),
        rows_repaired=_count_repaired(issues, accepted),
        schema={
            field.name: str(field.type)
            for field in delivery.raw.table.schema
            if field.name not in (ROW, GEOM)
        },
        lineage=delivery.lineage,
    )


def _unreadable_rows(raw: RawTable, catalogue: IssueCatalogue) -> Iterator[pa.Table]:
    """Rows that the reader could not read; damaged characters have advice of their own."""
    damaged = [row.row for row in raw.report.bad_rows if row.code == _DAMAGED]
    yield catalogue.make(_DAMAGED, damaged, detail=raw.report.encoding_found)
    others = [row for row in raw.report.bad_rows if row.code != _DAMAGED]
    details = pa.array([row.code for row in others], pa.string())
    yield catalogue.make("row_unreadable", [row.row for row in others], detail=details)


def _keys(
    delivery: Normalised, source: Source, known: pa.Table, catalogue: IssueCatalogue
) -> Iterator[pa.Table]:
    """Rows without a key, exact copies, and other rows under a key that is taken.

    A key belongs to the first row that has no error of its own (`known` issues).
    """
    rows = np.asarray(delivery.table["source_row"])
    column = ", ".join(source.key)
    keys = delivery.table["source_key"]
    missing = np.asarray(pc.is_null(keys))
    yield catalogue.make("key_missing", rows[missing], column=column)
    first_copy = _first_with_same(delivery.row_hash)
    copied = first_copy != np.arange(len(rows))
    yield catalogue.make(
        "row_duplicate", rows[copied], detail=pa.array(rows[first_copy[copied]].astype(str))
    )
    spoilt = np.isin(rows, np.asarray(_errors(known)["source_row"]))
    sound = np.flatnonzero(~(copied | missing | spoilt))
    first_key = _first_with_same(delivery.table["feature_id"].combine_chunks().take(sound))
    later = np.flatnonzero(first_key != np.arange(len(sound)))
    taken, owner = sound[later], sound[first_key[later]]
    yield catalogue.make(
        "key_duplicate",
        rows[taken],
        column=column,
        value=keys.take(pa.array(taken)),
        detail=pa.array(rows[owner].astype(str)),
    )


def _errors(issues: pa.Table) -> pa.Table:
    return issues.filter(pc.equal(issues["severity"], Severity.error.value))


def _first_with_same(values: pa.Array) -> NDArray[np.int64]:
    """For each row the index of the first row that has the same value."""
    codes = np.asarray(values.dictionary_encode().indices)
    _, first = np.unique(codes, return_index=True)
    found: NDArray[np.int64] = first[codes]
    return found


def _places(
    delivery: Normalised, source: Source, layer: Layer, catalogue: IssueCatalogue
) -> Iterator[pa.Table]:
    """Rows without a position are held at the area they name, if they name one and may be held."""
    rows = np.asarray(delivery.table["source_row"])
    lost = shapely.is_missing(delivery.shapes) & ~np.isin(rows, _useless_shapes(delivery))
    named = np.asarray(
        pc.or_(
            pc.is_valid(delivery.table["claimed_district_code"]),
            pc.is_valid(delivery.table["claimed_subdistrict_code"]),
        )
    )
    can_be_held = named if layer.role is Role.place else np.zeros_like(named)
    yield catalogue.make("place_missing", rows[lost & ~can_be_held])
    if source.position.origin != "none":
        yield catalogue.make("position_missing", rows[lost & can_be_held])


def _useless_shapes(delivery: Normalised) -> NDArray[np.int64]:
    """Rows whose shape was refused: it is not missing, and the row is quarantined for it."""
    issues = delivery.issues
    about_shape = pc.starts_with(issues["code"], "geometry_")
    fatal = pc.equal(issues["severity"], Severity.error.value)
    return np.asarray(issues["source_row"].filter(pc.and_(about_shape, fatal)))


def _positions(
    delivery: Normalised,
    layer: Layer,
    area: Area,
    admin: AdminAreas | None,
    catalogue: IssueCatalogue,
) -> Iterator[pa.Table]:
    """Positions lie in the map's area, and in the district that the row itself claims."""
    located = np.flatnonzero(~shapely.is_missing(delivery.shapes))
    rows = np.asarray(delivery.table["source_row"])[located]
    spots = shapely.point_on_surface(delivery.shapes[located])
    lon, lat = shapely.get_x(spots), shapely.get_y(spots)
    west, south, east, north = area.extent
    outside = ~((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    if admin is not None and layer.role in (Role.place, Role.area):
        outside |= admin.subdistricts.at(spots, near=True) < 0
        yield from _disagreements(delivery, located[~outside], admin, catalogue)
    where = [f"{x:.5f}, {y:.5f}" for x, y in zip(lon[outside], lat[outside], strict=True)]
    yield catalogue.make("position_outside", rows[outside], detail=pa.array(where, pa.string()))


def _disagreements(
    delivery: Normalised,
    located: NDArray[np.int64],
    admin: AdminAreas,
    catalogue: IssueCatalogue,
) -> Iterator[pa.Table]:
    """Shapes that do not touch the area that their row claims; the smaller area speaks first."""
    rows = np.asarray(delivery.table["source_row"])[located]
    shapes = delivery.shapes[located]
    said = np.zeros(len(rows), dtype=np.bool_)
    for column, areas in (
        ("claimed_subdistrict_code", admin.subdistricts),
        ("claimed_district_code", admin.districts),
    ):
        claimed = delivery.table[column].to_numpy(zero_copy_only=False)[located]
        differs = ~(pd.isna(claimed) | areas.touched(shapes, claimed) | said)
        yield catalogue.make(
            "district_disagrees",
            rows[differs],
            value=pa.array(claimed[differs], pa.string()),
            detail=pa.array(_where(shapes[differs], areas), pa.string()),
        )
        said |= differs


def _where(shapes: NDArray[np.object_], areas: Areas) -> list[str]:
    """Code of the area at each shape, for a person to read."""
    spots = shapely.point_on_surface(shapes)
    inside, near = areas.at(spots), areas.at(spots, near=True)
    nearest = [f"- ({areas.codes[i]} < {NEAR_METRES:.0f} m)" if i >= 0 else "-" for i in near]
    return [areas.codes[i] if i >= 0 else nearest[n] for n, i in enumerate(inside)]


def _quarantine(raw: RawTable, issues: pa.Table) -> pa.Table:
    """Rows with errors: number, codes, and the row as it was delivered."""
    grouped = (
        _errors(issues)
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


def _count_repaired(issues: pa.Table, accepted: pa.Table) -> int:
    repairs = issues.filter(pc.is_in(issues["code"], pa.array(sorted(_REPAIRS))))
    repaired = pc.is_in(accepted["source_row"], repairs["source_row"].combine_chunks())
    return int(pc.sum(repaired).as_py() or 0)
