"""Declared rules: each bound, each pattern and each sum at its very edge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from geo.validating.rules import broken_rules
from schemas.models import Source
from tests.unit.heart import CATALOGUE, FIRST_ROW, layer, said, source, told


def broken(
    rule: dict[str, Any] | None,
    kinds: dict[str, dict[str, Any]],
    by: Source | None = None,
    **columns: pa.Array | Sequence[object],
) -> list[pa.Table]:
    """Issues of rows with these columns, judged by one rule."""
    first = next(iter(columns.values()))
    names = {name: pa.nulls(len(first), pa.string()) for name in ("name_th", "name_en")}
    rows = pa.table({"source_row": range(FIRST_ROW, FIRST_ROW + len(first)), **names, **columns})
    declared = layer(kinds, rules=[rule] if rule else [])
    found = list(broken_rules(rows, by or source(), declared, CATALOGUE))
    return [table for table in found if table.num_rows]


NUMBER = {"n": {"type": "number"}}


def test_bounds_belong_to_the_range() -> None:
    rule = {"rule": "range", "column": "n", "min": 1, "max": 5}
    found = broken(rule, NUMBER, n=[0.999, 1.0, 3.0, 5.0, 5.001, None])
    assert said(found) == [("value_out_of_range", 11), ("value_out_of_range", 15)]
    assert told(found, "value") == ["0.999", "5.001"]
    assert all("1 – 5" in str(message) for message in told(found, "message_en"))
    assert all("1 – 5" in str(message) for message in told(found, "message_th"))


@pytest.mark.parametrize(
    ("bounds", "rows", "shown"),
    [({"min": 0}, [11], "0 – …"), ({"max": 0}, [13], "… – 0"), ({}, [], "")],
)
def test_a_range_may_be_open(bounds: dict[str, float], rows: list[int], shown: str) -> None:
    found = broken({"rule": "range", "column": "n", **bounds}, NUMBER, n=[-1e300, 0.0, 1e300])
    assert [row for _, row in said(found)] == rows
    assert all(shown in str(message) for message in told(found, "message_en"))


def test_bounds_of_a_date_are_whole_years() -> None:
    rule = {"rule": "range", "column": "d", "min": 2000, "max": 2020}
    days = [date(1999, 12, 31), date(2000, 1, 1), date(2020, 12, 31), date(2021, 1, 1), None]
    found = broken(rule, {"d": {"type": "date"}}, d=days)
    assert [row for _, row in said(found)] == [11, 14]
    assert told(found, "value") == ["1999-12-31", "2021-01-01"]


def test_bounds_of_a_year_are_years() -> None:
    rule = {"rule": "range", "column": "y", "min": 2000, "max": 2020}
    found = broken(rule, {"y": {"type": "year"}}, y=pa.array([1999, 2000, 2020, 2021], pa.int32()))
    assert [row for _, row in said(found)] == [11, 14]


def test_a_pattern_is_for_the_whole_value() -> None:
    """Alternatives too: neither `A` at the start nor `BB` at the end of something longer."""
    rule = {"rule": "pattern", "column": "t", "pattern": "A|BB"}
    found = broken(rule, {"t": {}}, t=["A", "BB", "Ax", "xA", "xBB", "BBx", "A\n", "", None])
    assert [row for _, row in said(found)] == [13, 14, 15, 16, 17, 18]
    assert {code for code, _ in said(found)} == {"value_pattern"}
    assert all("A|BB" in str(message) for message in told(found, "message_en"))


def test_a_sum_differs_upwards_and_downwards() -> None:
    rule = {"rule": "sum", "column": "all", "parts": ["a", "b", "c"]}
    kinds = {name: {"type": "integer"} for name in ("all", "a", "b", "c")}
    found = broken(
        rule,
        kinds,
        all=[6, 7, 5, None, 6, 3],
        a=[1, 1, 1, 1, None, 1],
        b=[2, 2, 2, 2, 2, 2],
        c=[3, 3, 3, 3, 3, None],
    )
    assert said(found) == [("value_sum", 12), ("value_sum", 13)]
    assert told(found, "value") == ["7", "5"]
    assert all("a + b + c" in str(message) for message in told(found, "message_en"))


def test_what_must_be_present_is_a_warning_and_what_is_required_an_error() -> None:
    found = broken({"rule": "present", "column": "t"}, {"t": {}}, t=["x", None, ""])
    assert said(found) == [("value_absent", 12)]
    assert told(found, "severity") == ["warning"]
    found = broken(None, {"t": {"required": True}}, t=["x", None, ""])
    assert said(found) == [("value_missing", 12)]
    assert told(found, "severity") == ["error"]


def test_a_rule_says_how_severe_it_is() -> None:
    rule = {"rule": "range", "column": "n", "max": 0, "severity": "error"}
    assert told(broken(rule, NUMBER, n=[1.0]), "severity") == ["error"]


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "pattern", "column": "t", "pattern": "0[0-9]+"},
        {"rule": "present", "column": "t"},
        None,
    ],
)
def test_a_personal_value_is_never_copied_into_an_issue(rule: dict[str, Any] | None) -> None:
    kinds = {"t": {"privacy": "personal", "required": rule is None}}
    values = [None] if rule is None or rule["rule"] == "present" else ["นางสาวสมมุติ"]
    found = broken(rule, kinds, t=pa.array(values, pa.string()))
    assert len(said(found)) == 1
    assert "สมมุติ" not in str(found[0].to_pylist())
    assert told(found, "value") == [None]


@pytest.mark.parametrize("privacy", ["public", "internal"])
def test_other_values_are_shown_to_whoever_mends_them(privacy: str) -> None:
    rule = {"rule": "pattern", "column": "t", "pattern": "0"}
    assert told(broken(rule, {"t": {"privacy": privacy}}, t=["1"]), "value") == ["1"]


@pytest.mark.parametrize(
    ("mapping", "shown"),
    [
        ("เลขที่", "เลขที่"),
        ({"column": ["rai", "ngan", "wah"]}, "rai, ngan, wah"),
        ({"constant": 7}, "n"),
        (None, "n"),
    ],
)
def test_an_issue_names_the_agencys_column(mapping: object, shown: str) -> None:
    by = source({} if mapping is None else {"n": mapping})
    found = broken({"rule": "range", "column": "n", "max": 0}, NUMBER, by, n=[1.0])
    assert told(found, "column_name") == [shown]


def test_every_rule_is_judged() -> None:
    rules = [
        {"rule": "range", "column": "n", "max": 0},
        {"rule": "present", "column": "t"},
    ]
    rows = pa.table(
        {
            "source_row": [11],
            "name_th": pa.nulls(1, pa.string()),
            "name_en": pa.nulls(1, pa.string()),
            "n": [1.0],
            "t": pa.nulls(1, pa.string()),
        }
    )
    declared = layer({**NUMBER, "t": {}}, rules=rules)
    found = list(broken_rules(rows, source(), declared, CATALOGUE))
    assert said(found) == [("value_out_of_range", 11), ("value_absent", 11)]
