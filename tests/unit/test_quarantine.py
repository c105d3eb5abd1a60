"""Quarantine: the row as it was delivered, under all that is wrong with it."""

from __future__ import annotations

import json
import struct
from datetime import date

import pytest
import shapely

from geo.issues import gather
from geo.states import BadRow
from geo.validating.quarantine import count_repaired, errors_of, quarantine, unreadable_rows
from tests.unit.heart import CATALOGUE, issue, raw, said, told

BROKEN = BadRow(row=30, code="field_count", raw="ก,ข,ค")
DAMAGED = BadRow(row=31, code="encoding_unreadable", raw="\ufffd")


def test_a_row_is_kept_as_it_was_delivered() -> None:
    delivered = raw(
        shapes=[shapely.Point(100.123456789, 13), None, shapely.Point(1, 2)],
        รหัส=["a", "b", "c"],
        เตียง=[1, 2, None],
        วัน=[None, None, date(2024, 2, 29)],
    )
    found = quarantine(delivered, gather([issue("key_missing", 13, 11)]))
    assert found["source_row"].to_pylist() == [11, 13]
    first, second = (json.loads(text) for text in found["raw"].to_pylist())
    assert first == {"รหัส": "a", "เตียง": 1, "วัน": None, "_shape": "POINT (100.123456789 13)"}
    assert second["วัน"] == "2024-02-29"
    assert "รหัส" in found["raw"][0].as_py(), "Thai is readable, not escaped"


def test_a_column_with_the_name_of_the_shape_is_kept_beside_it() -> None:
    delivered = raw(shapes=[shapely.Point(1, 2)], _shape=["round"], __shape=["flat"])
    found = quarantine(delivered, issue("key_missing", 11))
    assert json.loads(found["raw"][0].as_py()) == {
        "_shape": "round",
        "__shape": "flat",
        "___shape": "POINT (1 2)",
    }


def test_a_row_without_a_shape_says_nothing_of_one() -> None:
    found = quarantine(raw(id=["a"]), issue("key_missing", 11))
    assert json.loads(found["raw"][0].as_py()) == {"id": "a"}


def test_a_shape_whose_bytes_are_broken_costs_no_row() -> None:
    found = quarantine(raw(shapes=[b"nonsense"], id=["a"]), issue("geometry_unrepairable", 11))
    assert json.loads(found["raw"][0].as_py())["id"] == "a"


def test_a_curve_is_kept_as_its_bytes_and_costs_no_other_row_its_words() -> None:
    arc = struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0)
    delivered = raw(shapes=[arc, shapely.Point(1, 2)], id=["a", "b"])
    found = quarantine(delivered, issue("geometry_curved", 11, 12))
    shapes = [json.loads(row)["_shape"] for row in found["raw"].to_pylist()]
    assert shapes == [f"WKB {arc.hex()}", "POINT (1 2)"]


def test_each_code_is_said_once_and_in_the_order_of_rows() -> None:
    issues = gather(
        [
            issue("key_missing", 13, 11),
            issue("geometry_unrepairable", 11, 11),
            issue("value_unreadable", 12),
        ]
    )
    found = quarantine(raw(id=["a", "b", "c"]), issues)
    assert found["source_row"].to_pylist() == [11, 13]
    codes = [sorted(codes) for codes in found["codes"].to_pylist()]
    assert codes == [["geometry_unrepairable", "key_missing"], ["key_missing"]]


def test_what_could_not_be_read_is_kept_as_text() -> None:
    delivered = raw([BROKEN, DAMAGED], id=["a"])
    issues = gather(list(unreadable_rows(delivered, CATALOGUE)))
    found = quarantine(delivered, issues)
    assert found["source_row"].to_pylist() == [30, 31]
    assert [json.loads(text) for text in found["raw"].to_pylist()] == [
        {"_text": "ก,ข,ค"},
        {"_text": "\ufffd"},
    ]
    assert "ก" in found["raw"][0].as_py()


def test_damaged_characters_have_advice_of_their_own() -> None:
    issues = list(unreadable_rows(raw([BROKEN, DAMAGED], id=["a"]), CATALOGUE))
    assert said(issues) == [("encoding_unreadable", 31), ("row_unreadable", 30)]
    messages = told(issues, "message_en")
    assert "utf-8" in str(messages[0])
    assert "field_count" in str(messages[1])
    assert told(issues, "severity") == ["error", "error"]


@pytest.mark.parametrize("code", ["quote_unclosed", "text_after_quote", "records_in_quotes"])
def test_wrong_quotation_marks_have_advice_of_their_own(code: str) -> None:
    bad = BadRow(row=30, code=code, raw='1,"a')
    issues = list(unreadable_rows(raw([bad], id=["a"]), CATALOGUE))
    assert said(issues) == [(code, 30)]
    assert told(issues, "severity") == ["error"]
    assert "quotation mark" in str(told(issues, "message_en")[0])


def test_only_errors_quarantine() -> None:
    issues = gather(
        [issue("value_unreadable", 11), issue("text_repaired", 12), issue("key_missing", 13)]
    )
    assert said(errors_of(issues)) == [("key_missing", 13)]


def test_repairs_are_counted_by_row() -> None:
    accepted = raw(id=["a", "b", "c", "d"]).table.rename_columns(["source_row", "_geom", "id"])
    issues = gather(
        [
            issue("text_repaired", 11, 11),
            issue("position_swapped", 12),
            issue("geometry_invalid_repaired", 13),
            issue("value_unreadable", 14),
            issue("text_repaired", 99),
        ]
    )
    accepted = accepted.set_column(0, "source_row", accepted["source_row"].cast("int32"))
    assert count_repaired(issues, accepted) == 3
    assert count_repaired(gather([]), accepted) == 0
    assert count_repaired(issues, accepted.slice(0, 0)) == 0
