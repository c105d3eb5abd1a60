"""The end of the survey: what is decided for a delivery as a whole, and what refuses all of it."""

from __future__ import annotations

from dataclasses import replace

import pyproj
import pytest
import shapely

from geo.spill import Spill
from geo.states import RawTable, Refusal, Surveyed
from geo.survey import survey
from geo.surveying.sketches import Sketch
from tests.unit.heart import layer, raw, source
from tests.unit.test_crs import EVEREST, GRS80, esri

UTM = pyproj.CRS.from_epsg(32647).to_wkt("WKT1_ESRI")
DEGREES = pyproj.CRS.from_epsg(4326).to_wkt("WKT1_ESRI")
NAMED = {"name_th": "ชื่อ"}


def outcome(
    crs: str | None = DEGREES, declared: str | None = None, crs_declared: str | None = None
) -> Surveyed | Refusal:
    given = raw(crs=crs, crs_declared=crs_declared, shapes=[shapely.Point(100.5, 13.75)], id=["a"])
    return survey(given, source(origin="file", crs=declared), layer())


def crs_of(found: Surveyed | Refusal) -> str:
    assert isinstance(found, Surveyed) and found.operation is not None
    return found.operation.source


def refused(found: Surveyed | Refusal) -> Refusal:
    assert isinstance(found, Refusal) and found.message.th != found.message.en
    return found


# --- which CRS ---------------------------------------------------------------------------------


def test_a_source_without_positions_has_no_operation() -> None:
    found = survey(raw(id=["a"], crs=None), source(), layer())
    assert isinstance(found, Surveyed) and found.operation is None


def test_the_crs_of_the_file_is_used() -> None:
    assert crs_of(outcome(UTM)) == "EPSG:32647"


def test_the_words_of_the_file_stand_above_a_librarys_guess() -> None:
    assert crs_of(outcome(esri("D_Indian_1975", EVEREST), crs_declared="EPSG:23947")) == (
        "EPSG:24047"
    )


def test_a_code_is_used_where_the_file_has_no_words() -> None:
    assert crs_of(outcome(None, crs_declared="EPSG:32647")) == "EPSG:32647"


def test_a_file_without_a_crs_follows_the_declaration() -> None:
    assert crs_of(outcome(None, "EPSG:24047")) == "EPSG:24047"


def test_a_file_with_an_unknown_crs_follows_the_declaration() -> None:
    words = esri("D_User_Defined", GRS80)
    assert crs_of(outcome(words, "EPSG:32647")) == "EPSG:32647"
    assert refused(outcome(words)).code == "crs_unknown"


def test_the_reason_why_a_crs_is_unknown_is_told() -> None:
    message = refused(outcome(esri("D_User_Defined", GRS80))).message
    assert "custom" in message.en and "custom" in message.th


def test_a_file_and_a_declaration_must_agree() -> None:
    assert crs_of(outcome(DEGREES, "EPSG:4326")) == "EPSG:4326"
    found = refused(outcome(UTM, "EPSG:24047"))
    assert found.code == "crs_disagrees"
    for message in (found.message.en, found.message.th):
        assert "EPSG:32647" in message and "EPSG:24047" in message


@pytest.mark.parametrize("crs", [None, ""])
def test_without_any_crs_nothing_is_guessed(crs: str | None) -> None:
    assert refused(outcome(crs)).code == "crs_missing"


def test_columns_have_the_declared_crs_whatever_the_file_says() -> None:
    found = survey(
        raw(crs=UTM, id=["a"], x=["100.5"], y=["13.75"]),
        source(origin="columns", crs="EPSG:4326"),
        layer(),
    )
    assert crs_of(found) == "EPSG:4326"


# --- which columns, and what is kept of it -----------------------------------------------------


def test_the_schema_is_the_agencys_and_tells_types() -> None:
    found = survey(raw(id=["a"], beds=[1], share=[0.5]), source(), layer())
    assert isinstance(found, Surveyed)
    assert found.schema == {"id": "string", "beds": "int64", "share": "double"}


def test_a_refusal_needs_no_row() -> None:
    """What waits on the disk is looked at by its columns alone."""
    delivered = raw(id=["1"], อื่น=["x"])
    waiting = RawTable(Spill.of(delivered.table), delivered.report)
    found = refused(survey(waiting, source(NAMED), layer()))
    assert found.code == "columns_missing"
    assert "ชื่อ" in found.message.th and "id, อื่น" in found.message.en


def test_the_lineage_says_how_positions_are_moved() -> None:
    words = pyproj.CRS.from_epsg(24047).to_wkt("WKT1_GDAL")
    delivered = raw(id=["1"], ชื่อ=["ก"], crs=words, shapes=[shapely.Point(662699, 1520978)])
    found = survey(delivered, source(NAMED, origin="file"), layer())
    assert isinstance(found, Surveyed)
    operation = found.lineage["operation"]
    assert operation["source_crs"] == "EPSG:24047"
    assert operation["target_crs"] == "EPSG:4326"
    assert "RTSD" in operation["name"]
    assert operation["pipeline"].startswith("+proj=pipeline")
    assert operation["accuracy_m"] == 3.0
    assert operation["why"]


def test_the_lineage_says_how_the_delivery_was_read_but_does_not_repeat_bad_rows() -> None:
    found = survey(raw(id=["1"], ชื่อ=["ก"]), source(NAMED), layer())
    assert isinstance(found, Surveyed)
    assert found.lineage["operation"] is None
    assert found.lineage["reader"]["encoding_found"] == "utf-8"
    assert found.lineage["reader"]["columns"] == ["id", "ชื่อ"], "as JSON writes it"
    assert "bad_rows" not in found.lineage["reader"]


# --- what was seen -----------------------------------------------------------------------------


def test_what_was_seen_is_told_but_for_what_is_nobodys_to_see() -> None:
    """A phone number is neither the most frequent value nor the least number of anything."""
    declared = layer({"tel": {"privacy": "personal"}, "rooms": {"type": "integer"}})
    by = source({"name_th": "ชื่อ", "tel": "โทร", "rooms": "ห้อง"}, unused=["หมายเหตุ"])
    delivered = raw(id=["1"], ชื่อ=["ก"], โทร=[812345678], ห้อง=[7], หมายเหตุ=["08-1234-5678"])
    sketch = Sketch.of_columns(delivered.table.column_names[2:])
    for batch in delivered.table.to_batches():
        sketch = sketch.add(batch)
    found = survey(replace(delivered, sketch=sketch.told()), by, declared)
    assert isinstance(found, Surveyed)
    seen = found.lineage["seen"]["columns"]
    assert seen["ชื่อ"]["most frequent"] == {"ก": 1} and seen["ห้อง"]["numbers"]["most"] == 7
    assert seen["โทร"] == {"nulls": 0, "distinct": 1}
    assert seen["หมายเหตุ"] == {"nulls": 0, "distinct": 1, "characters": [12, 12]}
    assert "1234" not in str(found.lineage["seen"])
