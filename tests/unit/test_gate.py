"""The gate holds what shrank, drifted or came empty, and says why."""

from __future__ import annotations

import pyarrow as pa
import pytest

from geo.gate import gate
from geo.issues import ISSUE_SCHEMA
from geo.spill import Spill
from geo.states import Accepted, Validated
from schemas.catalogue import load_catalogue
from schemas.models import Gate

LAYER = load_catalogue().layers["parks"]
COLUMNS = {"id": "string", "name": "string"}


def rows(count: int) -> Spill:
    return Spill.of(pa.table({"source_row": pa.array(range(count), pa.int64())}))


def delivery(
    accepted: int, quarantined: int = 0, filtered: int = 0, schema: dict[str, str] | None = None
) -> Validated:
    return Validated(
        accepted=rows(accepted),
        quarantined=rows(quarantined),
        filtered=rows(filtered),
        issues=Spill.of(ISSUE_SCHEMA.empty_table()),
        rows_in=accepted + quarantined + filtered,
        rows_at_area=0,
        rows_repaired=0,
        schema=schema or COLUMNS,
        lineage={},
    )


def test_a_first_delivery_passes() -> None:
    assert gate(delivery(10), LAYER, None).outcome == "accepted"


def test_an_empty_delivery_is_held() -> None:
    verdict = gate(delivery(0), LAYER, None)
    assert verdict.outcome == "held"
    assert verdict.reason is not None and "no rows" in verdict.reason.en


def test_a_fall_beyond_the_layers_limit_is_held() -> None:
    limit = LAYER.gate.max_fall
    last = Accepted(7, 100, COLUMNS)
    allowed, beyond = 100 - round(limit * 100), 99 - round(limit * 100)
    assert gate(delivery(allowed), LAYER, last).outcome == "accepted"
    verdict = gate(delivery(beyond), LAYER, last)
    assert verdict.outcome == "held"
    assert verdict.evidence["compared_with_run"] == 7
    assert verdict.reason is not None and f"from 100 to {beyond}" in verdict.reason.en


def test_too_many_errors_are_held_and_filtered_rows_do_not_dilute_them() -> None:
    limit = LAYER.gate.max_error_share
    bad = round(limit * 100) + 1
    assert gate(delivery(100 - bad, bad, filtered=1000), LAYER, None).outcome == "held"
    assert gate(delivery(100 - bad + 2, bad - 2), LAYER, None).outcome == "accepted"


def test_a_delivery_of_which_nothing_is_left_is_held() -> None:
    verdict = gate(delivery(0, filtered=50), LAYER, None)
    assert verdict.outcome == "held"
    assert verdict.reason is not None and "none of the 50 rows" in verdict.reason.en


def test_a_column_of_another_type_is_held() -> None:
    last = Accepted(7, 10, {"id": "int64", "name": "string"})
    verdict = gate(delivery(10), LAYER, last)
    assert verdict.outcome == "held"
    assert verdict.evidence["columns_retyped"] == ["id int64 -> string"]


def test_other_columns_are_held() -> None:
    last = Accepted(7, 10, COLUMNS)
    verdict = gate(delivery(10, schema={"id": "string", "title": "string"}), LAYER, last)
    assert verdict.outcome == "held"
    assert verdict.evidence["columns_gone"] == ["name"]
    assert verdict.evidence["columns_new"] == ["title"]


def test_the_evidence_says_what_was_seen_and_what_was_before() -> None:
    verdict = gate(delivery(95, 5, filtered=50), LAYER, Accepted(7, 96, COLUMNS))
    assert verdict.outcome == "accepted"
    assert verdict.reason is None
    assert verdict.evidence == {
        "rows_in": 150,
        "rows_published": 95,
        "rows_quarantined": 5,
        "compared_with_run": 7,
        "rows_published_before": 96,
        "error_share": 0.05,
        "fall": 0.0104,
    }
    first = gate(delivery(1), LAYER, None).evidence
    assert (first["compared_with_run"], first["rows_published_before"]) == (None, None)


@pytest.mark.parametrize(
    ("good", "bad", "outcome"), [(90, 10, "accepted"), (89, 11, "held"), (899, 100, "held")]
)
def test_the_share_of_errors_may_reach_its_limit_and_not_pass_it(
    good: int, bad: int, outcome: str
) -> None:
    layer = LAYER.model_copy(update={"gate": Gate(max_error_share=0.1)})
    verdict = gate(delivery(good, bad), layer, None)
    assert verdict.outcome == outcome
    if verdict.reason is not None:
        assert "(10% allowed)" in verdict.reason.en and "(ยอมได้ 10%)" in verdict.reason.th
        assert f"{bad / (good + bad):.0%}" in verdict.reason.en


@pytest.mark.parametrize(("now", "outcome"), [(80, "accepted"), (79, "held"), (200, "accepted")])
def test_rows_may_fall_to_the_limit_and_not_below_it(now: int, outcome: str) -> None:
    layer = LAYER.model_copy(update={"gate": Gate(max_fall=0.2)})
    verdict = gate(delivery(now), layer, Accepted(7, 100, COLUMNS))
    assert verdict.outcome == outcome
    assert verdict.evidence["fall"] == (100 - now) / 100
    if verdict.reason is not None:
        assert "from 100 to 79 (a fall of 20% is allowed)" in verdict.reason.en
        assert "จาก 100 เหลือ 79" in verdict.reason.th


def test_shares_are_kept_with_four_decimals() -> None:
    evidence = gate(delivery(2, 1), LAYER, Accepted(7, 3, COLUMNS)).evidence
    assert evidence["error_share"] == 0.3333
    layer = LAYER.model_copy(update={"gate": Gate(max_error_share=1.0)})
    assert gate(delivery(2), layer, Accepted(7, 3, COLUMNS)).evidence["fall"] == 0.3333


def test_one_row_is_a_delivery() -> None:
    assert gate(delivery(1), LAYER, None).outcome == "accepted"


def test_after_nothing_anything_is_more() -> None:
    verdict = gate(delivery(1), LAYER, Accepted(7, 0, COLUMNS))
    assert (verdict.outcome, verdict.evidence["fall"]) == ("accepted", 0.0)


def test_all_that_changed_about_columns_is_told() -> None:
    last = Accepted(7, 10, {"a": "string", "b": "int64", "c": "string", "same": "string"})
    now = {"b": "double", "d": "string", "e": "string", "same": "string"}
    verdict = gate(delivery(10, schema=now), LAYER, last)
    assert verdict.evidence["columns_gone"] == ["a", "c"]
    assert verdict.evidence["columns_new"] == ["d", "e"]
    assert verdict.evidence["columns_retyped"] == ["b int64 -> double"]
    assert verdict.reason is not None
    told = "gone a, c, new d, e, other type b int64 -> double"
    assert told in verdict.reason.en
    assert "หายไป a, c เพิ่มมา d, e เปลี่ยนชนิด b int64 -> double" in verdict.reason.th


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"id": "string"}, "gone name, new -, other type -"),
        ({**COLUMNS, "more": "string"}, "gone -, new more, other type -"),
    ],
)
def test_one_kind_of_change_is_enough(now: dict[str, str], told: str) -> None:
    verdict = gate(delivery(10, schema=now), LAYER, Accepted(7, 10, COLUMNS))
    assert verdict.reason is not None and told in verdict.reason.en


def test_the_first_reason_that_applies_is_told() -> None:
    """Nothing came; then errors; then columns; then rows."""
    last = Accepted(7, 1000, {"id": "string"})
    for held, words in (
        (delivery(0, 10), "none of the 10 rows"),
        (delivery(10, 10), "have errors"),
        (delivery(10), "columns changed"),
        (delivery(10, schema={"id": "string"}), "rows fell"),
    ):
        verdict = gate(held, LAYER, last)
        assert verdict.outcome == "held"
        assert verdict.reason is not None and words in verdict.reason.en


@pytest.mark.parametrize(("quarantined", "filtered"), [(1, 0), (0, 1)])
def test_one_row_of_which_nothing_is_left_is_not_no_row(quarantined: int, filtered: int) -> None:
    verdict = gate(delivery(0, quarantined, filtered), LAYER, None)
    assert verdict.reason is not None and "none of the 1 rows" in verdict.reason.en
    assert "1 แถว" in verdict.reason.th
