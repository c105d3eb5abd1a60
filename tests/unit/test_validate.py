"""Validation: rows in = accepted + quarantined + filtered, and what each of them carries."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa
import pytest
import shapely

from geo.errors import RowAccountingError
from geo.states import BadRow, Normalised, RawTable, Surveyed, Validated
from geo.validate import Settling, validate
from schemas.models import Layer, Source
from tests.unit.heart import AREA, CATALOGUE, city, issue, layer, normalised, raw, said, source

SCHEMA, LINEAGE = {"id": "string"}, {"reader": "as it was"}
NAMES = {"name_th": ["ก", "ข", "ค"], "name_en": [None, None, None]}


@dataclass(frozen=True)
class Whole:
    """What was set aside of a delivery, read back."""

    accepted: pa.Table
    quarantined: pa.Table
    filtered: pa.Table
    issues: pa.Table
    told: Validated

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows in, at an area, repaired."""
        return self.told.rows_in, self.told.rows_at_area, self.told.rows_repaired


def judged(
    *batches: Normalised, by: Source | None = None, of: Layer | None = None, admin: bool = True
) -> Whole:
    """The batches of one delivery, judged; its bad rows come with the last of them."""
    known, by = city() if admin else None, by or source()
    tables = [batch.raw.table for batch in batches]
    report = batches[-1].raw.report
    records = sum(table.num_rows for table in tables) + len(report.bad_rows)
    whole = RawTable(
        pa.concat_tables(tables),
        report.model_copy(update={"records": records} if len(batches) > 1 else {}),
    )
    settling = Settling(Surveyed(whole, None, SCHEMA, LINEAGE), by, known, CATALOGUE)
    for batch in batches:
        settling.add(validate(batch, by, of or layer(), AREA, known, CATALOGUE))
    found = settling.finish()
    aside = (found.accepted, found.quarantined, found.filtered, found.issues)
    return Whole(*(spill.table() for spill in aside), found)


def test_a_sound_delivery_is_accepted_as_it_is() -> None:
    found = judged(normalised(["a", "b", "c"], **NAMES))
    assert found.accepted["source_row"].to_pylist() == [11, 12, 13]
    assert found.accepted["name_th"].to_pylist() == ["ก", "ข", "ค"]
    assert found.counts == (3, 0, 0)
    assert found.issues.num_rows == found.quarantined.num_rows == found.filtered.num_rows == 0
    assert found.told.lineage == {**LINEAGE, "boundaries": ""}
    assert found.told.schema == SCHEMA
    assert shapely.from_wkb(found.accepted["geom"][0].as_py()) == shapely.Point(100.49, 13.75)


def test_an_error_takes_its_row_out_and_a_warning_travels() -> None:
    issues = [issue("geometry_unrepairable", 12), issue("value_unreadable", 13)]
    found = judged(normalised(["a", "b", "c"], issues=issues, **NAMES))
    assert found.accepted["source_row"].to_pylist() == [11, 13]
    assert found.quarantined["source_row"].to_pylist() == [12]
    assert found.quarantined["codes"].to_pylist() == [["geometry_unrepairable"]]
    assert said(found.issues) == [("geometry_unrepairable", 12), ("value_unreadable", 13)]
    assert found.counts[0] == 3


def test_shapes_stay_with_their_rows() -> None:
    places = [shapely.Point(100.481, 13.75), shapely.Point(0, 0), shapely.Point(100.483, 13.75)]
    found = judged(normalised(["a", "b", "c"], shapes=places, **NAMES))
    assert said(found.issues) == [("position_outside", 12)]
    shapes = shapely.from_wkb(found.accepted["geom"].to_pylist())
    assert shapely.get_x(shapes).tolist() == [100.481, 100.483]


def test_rows_that_cannot_be_read_are_counted_and_kept() -> None:
    bad = BadRow(row=20, code="field_count", raw="ก,ข,ค,ง")
    damaged = BadRow(row=21, code="encoding_unreadable", raw="\ufffd")
    delivered = raw([bad, damaged], id=["a"])
    found = judged(normalised(["a"], delivered=delivered, name_th=["ก"], name_en=[None]))
    assert found.counts[0] == 3
    assert found.accepted.num_rows == 1
    assert found.quarantined["source_row"].to_pylist() == [20, 21]
    assert said(found.issues) == [("encoding_unreadable", 21), ("row_unreadable", 20)]


def test_filtered_rows_are_counted_and_handed_on() -> None:
    delivered = raw(id=["a", "b", "c"])
    delivery = normalised(
        ["a", "b"], delivered=delivered, filtered=[13], name_th=["ก", "ข"], name_en=[None, None]
    )
    found = judged(delivery)
    assert (found.counts[0], found.accepted.num_rows) == (3, 2)
    assert found.filtered["source_row"].to_pylist() == [13]


@pytest.mark.parametrize("filtered", [[], [12, 13]])
def test_a_row_that_went_astray_is_a_fault(filtered: list[int]) -> None:
    """Two rows of three are there: with none or with two filtered the sum does not come out."""
    delivery = normalised(
        ["a", "b"],
        delivered=raw(id=["a", "b", "c"]),
        filtered=filtered,
        name_th=["ก", "ข"],
        name_en=[None, None],
    )
    with pytest.raises(RowAccountingError) as raised:
        judged(delivery)
    assert "some_source" in str(raised.value) and "validate" in str(raised.value)


def test_rows_without_a_position_are_counted_at_their_area() -> None:
    delivery = normalised(
        ["a", "b", "c"],
        shapes=[None, shapely.Point(100.49, 13.75), None],
        districts=["1001", None, None],
        **NAMES,
    )
    found = judged(delivery)
    assert found.counts[1] == 1
    assert found.accepted["geom"].is_valid().to_pylist() == [False, True]
    assert found.quarantined["codes"].to_pylist() == [["place_missing"]]


def test_repaired_rows_are_counted_once_and_only_where_they_are_accepted() -> None:
    issues = [
        issue("text_repaired", 11, 12),
        issue("position_swapped", 11),
        issue("geometry_invalid_repaired", 13),
        issue("value_unreadable", 13),
        issue("geometry_unrepairable", 12),
    ]
    found = judged(normalised(["a", "b", "c"], issues=issues, **NAMES))
    assert found.counts[2] == 2


def test_the_declared_rules_are_applied() -> None:
    declared = layer({"name_th": {"required": True}})
    delivery = normalised(["a", "b"], name_th=["ก", None], name_en=[None, None])
    found = judged(delivery, of=declared)
    assert said(found.issues) == [("value_missing", 12)]
    assert found.quarantined["source_row"].to_pylist() == [12]


def test_a_key_goes_to_the_first_row_without_an_error_of_its_own() -> None:
    declared = layer({"name_th": {"required": True}})
    delivery = normalised(["a", "a", "a"], name_th=[None, "ข", "ค"], name_en=[None] * 3)
    found = judged(delivery, of=declared)
    assert said(found.issues) == [("value_missing", 11), ("key_duplicate", 13)]
    assert found.accepted["source_row"].to_pylist() == [12]


def test_without_subdistricts_only_the_maps_extent_counts() -> None:
    far, off = shapely.Point(100.6, 13.9), shapely.Point(99, 13)
    delivery = normalised(["a", "b"], shapes=[far, off], name_th=["ก", "ข"], name_en=[None] * 2)
    assert said(judged(delivery, admin=False).issues) == [("position_outside", 12)]
    assert said(judged(delivery).issues) == [("position_outside", 11), ("position_outside", 12)]


def test_no_rows() -> None:
    empty = normalised([], delivered=raw(id=pa.array([], pa.string())), name_th=[], name_en=[])
    names = pa.array([], pa.string())
    table = empty.table.drop_columns(["name_th", "name_en"])
    table = table.append_column("name_th", names).append_column("name_en", names)
    found = judged(replace(empty, table=table))
    assert found.counts[0] == found.accepted.num_rows == found.issues.num_rows == 0
