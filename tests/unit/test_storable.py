"""Whatever a value is, JSON and PostgreSQL can hold what is written of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.values.storable import LONGEST_TEXT, json_text, storable
from geo.values.storable_columns import LONGEST_ROW, json_rows, storable_column, with_member


def test_a_text_is_changed_only_where_it_has_to_be() -> None:
    for text in ("", "สวน", "a\\b", "line\nbreak", '"'):
        assert storable(text) == text
    assert storable("a\0b\\c") == "a\\x00b\\\\c"
    assert storable("a\ud800\\") == "a\\ud800\\\\"


def test_a_column_without_nul_is_handed_back_as_it_is() -> None:
    column = pa.chunked_array([["ก", None], ["a\\b"]])
    assert storable_column(column) is column
    found = storable_column(pa.chunked_array([["ก\0", None], ["a\\b"]]))
    assert found.to_pylist() == ["ก\\x00", None, "a\\b"]
    whole = pa.array(["\0", "ก", None, "\0"], pa.large_string())
    part = pa.chunked_array([whole.slice(1, 2), whole.slice(0, 0)])
    assert storable_column(part) is part, "a NUL beside a part of a column is none of it"
    assert storable_column(pa.chunked_array([whole.slice(2)])).to_pylist() == [None, "\\x00"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (False, False),
        (7, 7),
        (2**63 - 1, 2**63 - 1),
        (-(2**63) + 1, -(2**63) + 1),
        (2**63, str(2**63)),
        (-(2**63), str(-(2**63))),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        ("ก", "ก"),
        (b"\x01\xff", "0x01ff"),
        (bytearray(b"\x02"), "0x02"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 1, 2, tzinfo=UTC), "2024-02-29 01:02:00+00:00"),
        (time(1, 2), "01:02:00"),
        (timedelta(hours=1), "1:00:00"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("a/b"), "a/b"),
        (np.int64(3), 3),
        (np.float64("nan"), "NaN"),
        (np.bool_(True), True),
        (object, "<type>"),
        ([1, float("nan"), None], [1, "NaN", None]),
        ((1, 2), [1, 2]),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (frozenset({2, 1}), [1, 2]),
        ({"a": {"b": float("inf")}}, {"a": {"b": "Infinity"}}),
        ({1: "x", None: "y"}, {"1": "x", "null": "y"}),
        ([3, 1, 2], [3, 1, 2]),
    ],
)
def test_every_value_is_written_and_read_back(value: object, written: object) -> None:
    found = json.loads(json_text(value))
    assert found == written
    assert type(found) is type(written), "true is not 1"


def test_thai_is_readable() -> None:
    assert json_text("สวน") == '"สวน"'


def test_an_integer_without_end_is_written_in_hexadecimal() -> None:
    assert json.loads(json_text(1 << 10_000)) == hex(1 << 10_000)
    assert json.loads(json_text(-(1 << 20_000))) == hex(-(1 << 20_000))


def test_an_integer_of_a_thousand_digits_is_written_in_digits() -> None:
    assert json.loads(json_text(10**1000)) == str(10**1000)
    assert json.loads(json_text((1 << 10_000) - 1)) == str((1 << 10_000) - 1)


def test_no_code_of_an_unknown_type_runs() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise AssertionError("it ran")

        __repr__ = __str__

    class Text(str):
        def __str__(self) -> str:
            raise AssertionError("it ran")

    assert json.loads(json_text(Hostile())) == "<Hostile>"
    assert json.loads(json_text(Text("ก"))) == "ก"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert LONGEST_TEXT == 1_048_576
    assert json.loads(json_text("x" * LONGEST_TEXT)) == "x" * LONGEST_TEXT
    found = json.loads(json_text("x" * (LONGEST_TEXT + 1)))
    assert found == "x" * LONGEST_TEXT + " ... (1048577 characters)"


def test_what_is_nested_too_deep_is_named() -> None:
    nested: list[object] = []
    mapped: dict[str, object] = {}
    for _ in range(49):
        nested, mapped = [nested], {"a": mapped}
    assert "<list>" not in json_text(nested)
    assert "<list>" in json_text([nested])
    assert "<dict>" not in json_text(mapped)
    assert "<dict>" in json_text({"a": mapped})


def rows(**columns: pa.Array) -> list[object]:
    count = len(next(iter(columns.values()), []))
    return [json.loads(text) for text in json_rows(columns, count).to_pylist()]


def test_rows_are_written_by_whole_columns_as_one_by_one() -> None:
    columns = {
        "ชื่อ": pa.array(["ก", None, 'a"b\\c\n\x01']),
        "n": pa.array([1, None, -(2**62)]),
        "f": pa.array([0.1, None, float("nan")]),
        "g": pa.array([float("inf"), float("-inf"), 1e300]),
        "b": pa.array([True, None, False]),
        "d": pa.array([date(2024, 2, 29), None, None]),
        "x": pa.array([b"\0", None, b"a"]),
        "l": pa.array(["large", None, "\0"], pa.large_string()),
    }
    assert rows(**columns) == [
        {
            "ชื่อ": "ก",
            "n": 1,
            "f": 0.1,
            "g": "Infinity",
            "b": True,
            "d": "2024-02-29",
            "x": "0x00",
            "l": "large",
        },
        {
            "ชื่อ": None,
            "n": None,
            "f": None,
            "g": "-Infinity",
            "b": None,
            "d": None,
            "x": None,
            "l": None,
        },
        {
            "ชื่อ": 'a"b\\c\n\x01',
            "n": -(2**62),
            "f": "NaN",
            "g": 1e300,
            "b": False,
            "d": None,
            "x": "0x61",
            "l": "\\x00",
        },
    ]


def test_names_of_columns_are_written_as_carefully() -> None:
    assert rows(**{'a"\\': pa.array([1])}) == [{'a"\\': 1}]
    assert json_rows({}, 2).to_pylist() == ["{}", "{}"]


def test_a_long_text_in_a_column_is_cut_too() -> None:
    found = rows(a=pa.array(["x" * (LONGEST_TEXT + 1), "x" * LONGEST_TEXT, "y"]))
    assert str(found[0]).endswith("(1048577 characters)'}")
    assert found[1:] == [{"a": "x" * LONGEST_TEXT}, {"a": "y"}]


def test_one_more_member_where_there_is_one() -> None:
    objects = pa.array(["{}", '{"a": 1}', '{"a": 2}'], pa.large_string())
    found = with_member(objects, "s", pa.array(["p", 'q"', None], pa.large_string()))
    assert found.to_pylist() == ['{"s": "p"}', '{"a": 1, "s": "q\\""}', '{"a": 2}']


def test_a_row_that_no_database_takes_is_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LONGEST_ROW == 67_108_864
    monkeypatch.setattr("geo.values.storable_columns.LONGEST_ROW", 12)
    texts = pa.array(["xxx", "xxxx", None])
    found = [json.loads(text) for text in json_rows({"a": texts}, 3).to_pylist()]
    assert found == [{"a": "xxx"}, {"_text": '{"a": "xxxx"}'}, {"a": None}]
    longer = with_member(pa.array(["{}", "{}"], pa.large_string()), "b", texts.slice(1))
    assert [json.loads(text) for text in longer.to_pylist()] == [{"_text": '{"b": "xxxx"}'}, {}]


@given(
    st.lists(st.none() | st.text(max_size=6) | st.text('"\\\\\n\0\x7fกa', max_size=6), max_size=6)
)
def test_texts_of_a_column_are_written_as_alone(values: list[str | None]) -> None:
    values = [value and storable(value) for value in values]
    found = json_rows({"a": pa.array(values, pa.string())}, len(values)).to_pylist()
    assert found == [json_text({"a": value}) for value in values]
    assert [json.loads(text)["a"] for text in found] == values
