"""Attributes: the agency's words become the layer's, and what could not is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from geo.issues import gather
from geo.normalising.attributes import LONGEST_TEXT, fill_columns
from tests.unit.heart import CATALOGUE, layer, raw, said, source, told

Found = tuple[list[object], pa.Table]


def filled(
    kind: dict[str, Any],
    mapping: dict[str, Any],
    *values: object,
    name: str = "c",
    **columns: Sequence[object],
) -> Found:
    """The column `name` of a layer, filled from the agency's column `theirs` (and others)."""
    rows = raw(**({"theirs": values} if values else {}), **columns).table
    mapping = {} if mapping is None else mapping
    given = {"column": "theirs", **mapping} if "constant" not in mapping else mapping
    declared = layer({name: kind})
    found, issues = fill_columns(rows, source({name: given}), declared, CATALOGUE)
    assert set(found) == set(declared.columns)
    return found[name].to_pylist(), gather(issues)


# --- where a value comes from ------------------------------------------------------------------


TYPES = {
    "text": pa.string(),
    "code": pa.string(),
    "category": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "year": pa.int32(),
}


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_one_arrow_type_filled_or_not(kind: str) -> None:
    column = {"type": kind, **({"values": ["a"]} if kind == "category" else {})}
    declared = layer({"c": column})
    rows = raw(theirs=["1", None]).table
    for columns in ({}, {"c": "theirs"}):
        found, _ = fill_columns(rows, source(columns), declared, CATALOGUE)
        assert found["c"].type == TYPES[kind]
        assert len(found["c"]) == 2
        assert found["c"][1].as_py() is None


def test_a_column_without_a_mapping_is_null() -> None:
    found, issues = fill_columns(raw(x=["1", "2"]).table, source(), layer(), CATALOGUE)
    assert {name: values.to_pylist() for name, values in found.items()} == {
        "name_th": [None, None],
        "name_en": [None, None],
    }
    assert issues == []


def test_a_constant_stands_in_each_row() -> None:
    assert filled({"type": "integer"}, {"constant": 7}, "x", "y")[0] == [7, 7]
    assert filled({}, {"constant": "park"}, "x")[0] == ["park"]


# --- texts and codes ---------------------------------------------------------------------------


def test_text_is_cleaned_and_a_repair_is_a_note() -> None:
    values, issues = filled({}, {}, "น\u0e4d\u0e49\u0e32", " ก ", "", None)
    assert values == ["น้ำ", "ก", None, None]
    assert said(issues) == [("text_repaired", 11)]
    assert told(issues, "severity") == ["note"]
    assert told(issues, "value") == ["น\u0e4d\u0e49\u0e32"], "as it was delivered"
    assert told(issues, "column_name") == ["theirs"]


@pytest.mark.parametrize(
    ("kind", "noted"),
    [
        ({"type": "text"}, True),
        ({"type": "code"}, True),
        ({"type": "category", "values": ["a b"]}, True),
        ({"type": "integer"}, False),
    ],
)
def test_a_repair_is_only_noted_where_the_text_itself_is_kept(
    kind: dict[str, Any], noted: bool
) -> None:
    _, issues = filled(kind, {}, "a  b" if kind["type"] != "integer" else "1  000")
    assert ("text_repaired" in told(issues, "code")) is noted


def test_words_are_translated_by_their_key_and_other_words_stay() -> None:
    values, issues = filled({}, {"values": {"สวน ชุมชน": "community"}}, "สวนชุมชน", "อื่น ๆ", None)
    assert values == ["community", "อื่น ๆ", None]
    assert issues.num_rows == 0


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("12.0", "12"),
        ("012.00", "012"),
        ("12.50", "12.50"),
        ("1.2.0", "1.2.0"),
        ("a12.0", "a12.0"),
        ("12.0a", "12.0a"),
        ("12.", "12."),
        (".0", ".0"),
        ("1200", "1200"),
    ],
)
def test_a_code_loses_the_fraction_that_a_spreadsheet_gave_it(written: str, code: str) -> None:
    assert filled({"type": "code"}, {}, written)[0] == [code]


def test_a_text_keeps_its_fraction() -> None:
    assert filled({"type": "text"}, {}, "12.0")[0] == ["12.0"]


def test_a_prefix_goes_before_anything_else() -> None:
    mapping = {"strip_prefix": ["TH"], "placeholders": ["x"]}
    assert filled({"type": "code"}, mapping, "TH001", "THx", "TH")[0] == ["001", None, "TH"]


def test_a_text_may_be_long_but_no_document() -> None:
    values, issues = filled({}, {}, "ก" * LONGEST_TEXT, "ก" * (LONGEST_TEXT + 1), None)
    assert values == ["ก" * 10_000, None, None]
    assert said(issues) == [("value_unreadable", 12)]


def test_a_number_too_long_to_read_is_unreadable_too() -> None:
    values, issues = filled({"type": "number"}, {}, "1", "1" * (LONGEST_TEXT + 1), "x")
    assert values == [1.0, None, None]
    assert said(issues) == [("value_unreadable", 12), ("value_unreadable", 13)]


# --- words for nothing -------------------------------------------------------------------------


def test_a_placeholder_is_nothing_and_no_repair() -> None:
    values, issues = filled(
        {}, {"placeholders": ["ไม่ ทราบ"]}, "ไม่ทราบ", "ไม่\u200bทราบ", "ทราบ", None
    )
    assert values == [None, None, "ทราบ", None]
    assert issues.num_rows == 0


@pytest.mark.parametrize("name", ["name_th", "name_en"])
def test_a_placeholder_for_a_name_is_told(name: str) -> None:
    values, issues = filled({}, {"placeholders": ["ไม่มีชื่อ"]}, "ไม่มีชื่อ", "ก", None, name=name)
    assert values == [None, "ก", None]
    assert said(issues) == [("placeholder_name", 11)]
    assert told(issues, "value") == ["ไม่มีชื่อ"]


def test_zero_is_unknown_only_where_the_source_says_so() -> None:
    number = {"type": "number"}
    assert filled(number, {}, "0", "1", None)[0] == [0.0, 1.0, None]
    assert filled(number, {"zero_is_unknown": True}, "0", "0.0", "1", None)[0] == [
        None,
        None,
        1.0,
        None,
    ]
    year = filled({"type": "integer"}, {"zero_is_unknown": True}, "0", "2567")
    assert year[0] == [None, 2567] and year[1].num_rows == 0


def test_zero_is_unknown_in_three_columns_too() -> None:
    mapping = {"column": ["rai", "ngan", "wah"], "zero_is_unknown": True}
    columns = {"rai": ["0", "1"], "ngan": ["0", "0"], "wah": ["0", "0"]}
    assert filled({"type": "number"}, mapping, **columns)[0] == [None, 1600.0]


# --- numbers, dates, years ---------------------------------------------------------------------


def test_numbers_integers_and_areas() -> None:
    assert filled({"type": "number"}, {}, "1,234.5")[0] == [1234.5]
    assert filled({"type": "integer"}, {}, "1,234")[0] == [1234]
    assert filled({"type": "integer"}, {}, "1.5")[0] == [None]
    assert filled({"type": "number"}, {"unit": "rai"}, "2")[0] == [3200.0]
    assert filled({"type": "number"}, {"unit": "m2"}, "2", "1 ไร่")[0] == [2.0, 1600.0]


def test_an_area_in_three_columns() -> None:
    mapping = {"column": ["rai", "ngan", "wah"]}
    values, issues = filled(
        {"type": "number"},
        mapping,
        rai=["4", "x", None, None],
        ngan=["2", "1", None, "1"],
        wah=["10", "1", None, None],
    )
    assert values == [7240.0, None, None, 400.0]
    assert said(issues) == [("value_unreadable", 12)]
    assert told(issues, "column_name") == ["rai, ngan, wah"]
    assert told(issues, "value") == ["x 1 1"]


def test_what_is_missing_in_one_of_three_columns_is_shown_as_nothing() -> None:
    mapping = {"column": ["rai", "ngan", "wah"]}
    _, issues = filled({"type": "number"}, mapping, rai=["x"], ngan=[None], wah=["2"])
    assert told(issues, "value") == ["x  2"]


@pytest.mark.parametrize("kind", ["date", "year"])
def test_dates_and_years_need_an_era_for_two_digits(kind: str) -> None:
    written = "1/2/67" if kind == "date" else "67"
    values, issues = filled({"type": kind}, {}, written, "x", None)
    assert values == [None, None, None]
    assert sorted(said(issues)) == [("date_ambiguous", 11), ("value_unreadable", 12)]
    expected = date(2024, 2, 1) if kind == "date" else 2024
    assert filled({"type": kind}, {"era": "BE"}, written)[0] == [expected]


# --- categories and booleans -------------------------------------------------------------------


CATEGORY = {"type": "category", "values": ["park", "garden"]}


def test_a_category_is_one_of_the_list_or_a_word_for_one() -> None:
    values, issues = filled(
        CATEGORY, {"values": {"สวนสาธารณะ": "park"}}, "PARK", "สวน สาธารณะ", "pond", None
    )
    assert values == ["park", "park", None, None]
    assert said(issues) == [("value_unknown_category", 13)]
    assert told(issues, "value") == ["pond"]


def test_a_source_may_use_a_word_of_the_list_for_another() -> None:
    assert filled(CATEGORY, {"values": {"garden": "park"}}, "garden")[0] == ["park"]


@pytest.mark.parametrize("word", ["true", "YES", "y", "1", "ใช่", "มี"])
def test_words_for_yes(word: str) -> None:
    assert filled({"type": "boolean"}, {}, word)[0] == [True]


@pytest.mark.parametrize("word", ["false", "No", "n", "0", "ไม่ใช่", "ไม่", "ไม่มี"])
def test_words_for_no(word: str) -> None:
    values, issues = filled({"type": "boolean"}, {}, word)
    assert values == [False]
    assert issues.num_rows == 0


def test_a_source_has_words_of_its_own_for_yes_and_no() -> None:
    words = {
        "เปิด": True,
        "ปิด": False,
        "ว่าง": "true",
        "เต็ม": "false",
        "หนึ่ง": 1,
        "ศูนย์": 0,
        "y": False,
    }
    found, issues = filled({"type": "boolean"}, {"values": words}, *words, "บางที", None)
    assert found == [True, False, True, False, True, False, False, None, None]
    assert said(issues) == [("value_unreadable", 18)]


# --- what is said ------------------------------------------------------------------------------


def test_a_personal_value_is_not_copied_into_an_issue() -> None:
    for privacy, value in (("personal", None), ("internal", "สมชาย"), ("public", "สมชาย")):
        _, issues = filled({"type": "integer", "privacy": privacy}, {}, "1", "สมชาย")
        assert said(issues) == [("value_unreadable", 12)]
        assert told(issues, "value") == [value]
        assert ("สมชาย" in str(issues.to_pylist())) is (value is not None)


def test_a_column_in_which_nothing_happened_says_nothing() -> None:
    _, issues = fill_columns(
        raw(theirs=["ก", None]).table, source({"name_th": "theirs"}), layer(), CATALOGUE
    )
    assert issues == []
