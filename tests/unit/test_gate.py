"""The gate holds what shrank, drifted or came empty, and says why."""

from __future__ import annotations

import pyarrow as pa

from geo.gate import gate
from geo.issues import ISSUE_SCHEMA
from geo.states import Accepted, Validated
from schemas.catalogue import load_catalogue

LAYER = load_catalogue().layers["parks"]
COLUMNS = {"id": "string", "name": "string"}


def delivery(
    accepted: int, quarantined: int = 0, filtered: int = 0, schema: dict[str, str] | None = None
) -> Validated:
    return Validated(
        accepted=pa.table({"source_row": pa.array(range(accepted))}),
        quarantined=pa.table({"source_row": pa.array(range(quarantined))}),
        filtered=pa.table({"source_row": pa.array(range(filtered))}),
        issues=ISSUE_SCHEMA.empty_table(),
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
