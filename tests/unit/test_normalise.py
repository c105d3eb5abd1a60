"""Normalisation as a whole: one schema, one CRS, one row per row that is kept."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
import shapely

from geo.normalising.hashing import feature_ids
from geo.states import Normalised, RawTable, Refusal
from schemas.models import Layer, Source
from tests.unit.heart import AREA, CATALOGUE, layer, normalised_whole, raw, said, source, told

NAMED = {"name_th": "ชื่อ"}


def outcome(delivered: RawTable, by: Source, of: Layer | None = None) -> Normalised | Refusal:
    return normalised_whole(delivered, by, of or layer(), AREA, CATALOGUE)


def done(delivered: RawTable, by: Source | None = None, of: Layer | None = None) -> Normalised:
    found = outcome(delivered, by or source(NAMED), of)
    assert isinstance(found, Normalised)
    return found


def test_one_schema_for_every_source() -> None:
    found = done(raw(id=["1", "2"], ชื่อ=["ก", "ข"], extra=[1.5, 2.5]))
    assert {field.name: str(field.type) for field in found.table.schema} == {
        "source_row": "int32",
        "source_key": "string",
        "feature_id": "fixed_size_binary[16]",
        "content_hash": "binary",
        "claimed_district_code": "string",
        "claimed_subdistrict_code": "string",
        "name_th": "string",
        "name_en": "string",
    }
    assert found.table["source_row"].to_pylist() == [11, 12]
    assert found.table["source_key"].to_pylist() == ["1", "2"]
    assert found.table["name_th"].to_pylist() == ["ก", "ข"]
    assert found.table["feature_id"].combine_chunks() == feature_ids(
        "some_source", [pa.array(["1", "2"])]
    )
    assert found.shapes.missing.tolist() == [True, True]


def test_a_delivery_that_lacks_declared_columns_is_refused_by_their_names() -> None:
    by = source(NAMED | {"name_en": "อังกฤษ"}, filters=[FILTER])
    found = outcome(raw(id=["1"], อื่น=["x"]), by)
    assert isinstance(found, Refusal)
    assert found.code == "columns_missing"
    for message in (found.message.th, found.message.en):
        assert "kind, ชื่อ, อังกฤษ" in message
        assert "id, อื่น" in message


def test_a_column_that_is_declared_as_unused_may_be_missing() -> None:
    by = source({}, unused=["ชื่อ"])
    assert isinstance(outcome(raw(id=["1"]), by), Normalised)


def test_a_refused_position_refuses_the_delivery() -> None:
    found = outcome(raw(id=["1"]), source(origin="file"))
    assert isinstance(found, Refusal) and found.code == "crs_missing"


FILTER: dict[str, Any] = {
    "column": "kind",
    "keep": ["yes"],
    "reason": {"th": "อื่น", "en": "other"},
}


def test_filtered_rows_go_no_further() -> None:
    found = done(
        raw(id=["1", "2", "3"], ชื่อ=["ก", "ข", "ค"], kind=["yes", "no", "yes"]),
        source(NAMED, filters=[FILTER]),
    )
    assert found.table["source_row"].to_pylist() == [11, 13]
    assert found.filtered["source_row"].to_pylist() == [12]
    assert len(found.row_hash) == len(found.shapes) == 2
    assert found.raw.table.num_rows == 3, "what was delivered stays whole"


def test_an_exact_copy_is_told_by_the_agencys_columns_and_not_by_the_rows_number() -> None:
    found = done(raw(id=["1", "1", "1"], ชื่อ=["ก"] * 3, unknown=["x", "x", "y"]))
    first, second, third = found.row_hash.to_pylist()
    assert first == second != third


def hashes(of: Layer | None = None, by: Source | None = None, **more: Any) -> list[bytes]:
    return done(raw(**more), by, of).table["content_hash"].to_pylist()


def test_content_is_what_is_published_and_nothing_else() -> None:
    one = hashes(id=["1"], ชื่อ=["ก"], unknown=["x"])
    assert one == hashes(id=["2"], ชื่อ=["ก"], unknown=["y"])
    assert one != hashes(id=["1"], ชื่อ=["ข"], unknown=["x"])


def test_content_holds_the_place_and_the_shape() -> None:
    by = source(
        NAMED, origin="file", crs="EPSG:4326", place={"district_code": "d", "subdistrict_code": "s"}
    )
    spot, other = shapely.Point(100.5, 13.75), shapely.Point(100.5, 13.76)
    same = {"id": ["1"], "ชื่อ": ["ก"]}
    plain = hashes(by=by, shapes=[spot], d=["1001"], s=[None], **same)
    assert plain == hashes(by=by, shapes=[shapely.force_3d(spot)], d=["1001.0"], s=[None], **same)
    assert plain != hashes(by=by, shapes=[other], d=["1001"], s=[None], **same)
    assert plain != hashes(by=by, shapes=[spot], d=["1002"], s=[None], **same)
    assert plain != hashes(by=by, shapes=[spot], d=["1001"], s=["100101"], **same)


def test_claims_are_told_as_current_codes() -> None:
    by = source(NAMED, place={"district_code": "d", "subdistrict_code": "s"})
    found = done(raw(id=["1"], ชื่อ=["ก"], d=["1001"], s=["100101"]), by)
    assert found.table["claimed_district_code"].to_pylist() == ["1001"]
    assert found.table["claimed_subdistrict_code"].to_pylist() == ["100101"]


def test_issues_of_every_part_are_gathered() -> None:
    by = source(
        NAMED | {"beds": "เตียง"},
        origin="columns",
        crs="EPSG:4326",
        place={"district_code": "d"},
    )
    delivered = raw(id=["1"], ชื่อ=["ก"], เตียง=["x"], d=["9999"], x=["a"], y=["13"])
    found = done(delivered, by, layer({"beds": {"type": "integer"}}))
    assert said(found.issues) == [
        ("value_unreadable", 11),
        ("code_unknown", 11),
        ("position_unreadable", 11),
    ]


# --- boundaries --------------------------------------------------------------------------------


BOUNDARIES = {
    "district": ({"district_code": "c"}, "1030", "เขตจตุจักร", "Chatuchak"),
    "subdistrict": ({"subdistrict_code": "c"}, "104702", "บางนาเหนือ", "Bang Na Nuea"),
}


@pytest.mark.parametrize("role", BOUNDARIES)
def test_a_boundary_is_named_by_its_code(role: str) -> None:
    place, code, thai, english = BOUNDARIES[role]
    by = source(NAMED | {"name_en": "en"}, place=place)
    delivered = raw(
        id=["1", "2", "3"], ชื่อ=[thai[:-2], thai, "ก"], en=["x", None, "y"], c=[code, code, None]
    )
    found = done(delivered, by, layer(role=role, geometry="polygon"))
    assert found.table["name_th"].to_pylist() == [thai, thai, "ก"]
    assert found.table["name_en"].to_pylist() == [english, english, "y"]
    assert said(found.issues) == [("name_differs_from_code", 11)]
    assert told(found.issues, "column_name") == ["ชื่อ"]
    assert told(found.issues, "value") == [thai[:-2]]
    assert thai in str(told(found.issues, "message_en")[0])


@pytest.mark.parametrize("role", ["place", "area"])
def test_anything_else_keeps_its_own_name(role: str) -> None:
    by = source(NAMED, place={"district_code": "c"})
    found = done(raw(id=["1"], ชื่อ=["สวน"], c=["1030"]), by, layer(role=role))
    assert found.table["name_th"].to_pylist() == ["สวน"]
    assert found.table["name_en"].to_pylist() == [None]
    assert found.issues.num_rows == 0


def test_a_boundary_without_a_column_for_its_name_gets_it_all_the_same() -> None:
    by = source({}, place={"district_code": "c"})
    found = done(raw(id=["1"], c=["1030"]), by, layer(role="district", geometry="polygon"))
    assert found.table["name_th"].to_pylist() == ["เขตจตุจักร"]
    assert found.issues.num_rows == 0


def test_a_boundary_whose_name_is_a_constant_is_told_by_our_name_of_the_column() -> None:
    by = source({"name_th": {"constant": "ก"}}, place={"district_code": "c"})
    found = done(raw(id=["1"], c=["1030"]), by, layer(role="district", geometry="polygon"))
    assert told(found.issues, "column_name") == ["name_th"]
