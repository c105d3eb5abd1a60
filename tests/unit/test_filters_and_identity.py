"""Declared filters, and the agency's key as one text."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from geo.normalising.filters import apply_filters
from geo.normalising.identity import agency_keys
from schemas.models import Filter
from tests.unit.heart import raw


def a_filter(column: str, en: str = "other", **more: Any) -> Filter:
    return Filter.model_validate({"column": column, "reason": {"th": "อื่น", "en": en}, **more})


def kept(*filters: Filter, **columns: Any) -> tuple[list[int], list[tuple[int, str, str]]]:
    rows, dropped = apply_filters(raw(**columns).table, filters)
    names = ("source_row", "reason_th", "reason_en")
    told = list(zip(*(dropped[name].to_pylist() for name in names), strict=True))
    assert dropped.schema.field("source_row").type == pa.int32()
    return rows["_row"].to_pylist(), told


def test_without_a_filter_every_row_stays() -> None:
    assert kept(a=["x", None]) == ([11, 12], [])


def test_exact_values_are_compared_as_keys() -> None:
    rows, dropped = kept(
        a_filter("a", keep=["สวน สาธารณะ", "Park"]), a=["สวนสาธารณะ", "PARK", "parks", None, "x"]
    )
    assert rows == [11, 12]
    assert dropped == [(13, "อื่น", "other"), (14, "อื่น", "other"), (15, "อื่น", "other")]


def test_prefixes_keep_what_begins_with_any_of_them() -> None:
    found = kept(
        a_filter("a", keep_prefix=["10", "สวน"]), a=["1001", "สวน ก", "2010", "ก สวน", None]
    )
    assert found[0] == [11, 12]
    assert [row for row, _, _ in found[1]] == [13, 14, 15]


def test_each_filter_sees_what_the_earlier_ones_left() -> None:
    rows, dropped = kept(
        a_filter("a", "not a", keep=["1"]),
        a_filter("b", "not b", keep=["1"]),
        a=["1", "2", "1", "2"],
        b=["1", "1", "2", "2"],
    )
    assert rows == [11]
    assert [(row, en) for row, _, en in dropped] == [(12, "not a"), (14, "not a"), (13, "not b")]


def test_numbers_are_filtered_by_their_text() -> None:
    assert kept(a_filter("a", keep=["1"]), a=[1, 2])[0] == [11]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("12.0", "12"),
        ("-12.00", "-12"),
        ("12", "12"),
        ("012.0", "012"),
        ("12.5", "12.5"),
        ("12.50", "12.50"),
        ("1.2.0", "1.2.0"),
        ("A12.0", "A12.0"),
        ("12.0A", "12.0A"),
        ("--12.0", "--12.0"),
        ("12.", "12."),
        ("1200", "1200"),
        (" ก\u200b01 ", "ก01"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_key_is_a_clean_text_without_a_spreadsheets_fraction(
    written: str | None, key: str | None
) -> None:
    rows = pa.table({"id": pa.array([written], pa.string())})
    assert agency_keys(rows, ("id",)).to_pylist() == [key]


def test_a_column_of_numbers_gives_the_same_keys_as_its_text() -> None:
    for values in ([12.0, None], ["12.0", None], [12, None], ["12", None]):
        assert agency_keys(pa.table({"id": values}), ("id",)).to_pylist() == ["12", None]


def test_a_key_of_several_parts_keeps_them_apart_and_in_order() -> None:
    rows = pa.table(
        {
            "a": ["1", "11", None, "1", None, "1.0"],
            "b": ["11", "1", "1", None, None, "11"],
        }
    )
    keys = agency_keys(rows, ("a", "b")).to_pylist()
    assert keys == ["1|11", "11|1", "|1", "1|", None, "1|11"]
    assert agency_keys(rows, ("b", "a")).to_pylist()[0] == "11|1"
