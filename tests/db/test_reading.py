"""What the registers answer: runs, what was wrong in them, and what releases changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from geo.errors import NotThere
from geo.issues import IssueCatalogue
from geo.spill import Spill
from geo.states import Deciding, Snapshot, Verdict
from geo.store import lease, runs
from geo.store.database import transaction
from geo.store.reading import (
    counted_issues,
    latest_run,
    listed_releases,
    listed_runs,
    quarantined_rows,
    release_differences,
    release_numbers,
    run_issues,
    shown_run,
)
from schemas.catalogue import load_catalogue
from schemas.models import Bilingual, Mapping
from schemas.source_columns import personal_names, showable_columns
from tests.db.conftest import Row, TestMap, delivery

WHY = Bilingual(th="แถวลดลง", en="the rows fell")
CODES = IssueCatalogue(load_catalogue().issue_codes)


def hold_delivery(city: TestMap) -> int:
    """A held run of parks, with three issues and one quarantined row."""
    source = city.source_of("parks")
    taken = Snapshot(source.id, "1" * 64, (), datetime.now(UTC))
    issues = pa.concat_tables(
        [
            CODES.make("key_missing", [7], column="PARK_ID"),
            CODES.make("value_missing", [5, 3], column="tel", value="081-234-5678"),
        ]
    )
    raw = '{"name": "สวน", "tel": "081-234-5678", "PARK_ID": null, "secret": "1"}'
    quarantined = pa.table(
        {
            "source_row": pa.array([7], pa.int32()),
            "codes": pa.array([["key_missing"]], pa.list_(pa.string())),
            "raw": pa.array([raw], pa.string()),
        }
    )
    rows = delivery([Row("1", 100.49, 13.75)], city.view.layer("parks"))
    held = replace(rows, issues=Spill.of(issues), quarantined=Spill.of(quarantined), rows_in=2)
    with lease.hold(city.engine, ["parks"]):
        number = runs.begin(city.engine, source, taken, Deciding({}))
        runs.close_held(city.engine, number, held, Verdict("held", WHY, {"fall": 0.5, "seen": {}}))
    return number


def publish(city: TestMap) -> int:
    """Moves the pointer, as a publication does at its end."""
    with transaction(city.engine) as connection:
        number = connection.scalar(
            text("update meta.pointer set release = release + 1 returning *")
        )
        insert = text("insert into meta.release values (:n, clock_timestamp(), '{\"layers\": []}')")
        connection.execute(insert, {"n": number})
    assert isinstance(number, int)
    return number


def changed(city: TestMap, a: int, b: int, **only: Any) -> dict[str, tuple[str, list[str]]]:
    found = release_differences(city.engine, a, b, layer="parks", **only)
    return {row["name_th"]: (row["change"], row["columns"]) for row in found}


def test_a_held_run_shows_what_is_wrong_in_it(city: TestMap) -> None:
    number = hold_delivery(city)
    found = shown_run(city.engine, number)
    assert (found["outcome"], found["waits"], found["rows_in"]) == ("held", True, 2)
    assert found["evidence"] == {"fall": 0.5} and found["reason_th"] == WHY.th
    counted = [
        (row["code"], row["count"], row["rows"]) for row in counted_issues(city.engine, number)
    ]
    assert sorted(counted) == [("key_missing", 1, [7]), ("value_missing", 2, [3, 5])]
    assert [row["row"] for row in run_issues(city.engine, number, "key_missing", ())] == [7]
    (row,) = quarantined_rows(city.engine, number, ["name", "PARK_ID"])
    assert row == {"row": 7, "codes": ["key_missing"], "values": {"name": "สวน", "PARK_ID": None}}


def test_a_refused_run_shows_why_as_its_one_issue(city: TestMap) -> None:
    source = city.source_of("parks")
    said = Bilingual(th="ไม่ใช่แฟ้ม zip", en="it is no zip")
    evidence = {"code": "not_a_zip", "detail": "parks.zip"}
    number = runs.record(city.engine, source, None, "refused", said, evidence)
    (issue,) = run_issues(city.engine, number, None, ())
    assert (issue["code"], issue["severity"], issue["row"]) == ("not_a_zip", "error", None)
    assert (issue["message_th"], issue["message_en"]) == (said.th, said.en)
    (counted,) = counted_issues(city.engine, number)
    assert (counted["count"], counted["rows"], counted["responsible"]) == (1, [], "agency")


def test_no_value_of_a_personal_column_leaves_the_database(city: TestMap) -> None:
    layer, source = city.view.layer("housing_communities"), city.source_of("housing_communities")
    mapped = {**source.columns, "contact_name": Mapping(column="tel")}
    source = source.model_copy(update={"columns": mapped, "unused": ("secret",)})
    assert showable_columns(source, layer).isdisjoint({"tel", "secret"})
    assert personal_names(source, layer) == {"tel"}
    keyed = source.model_copy(update={"key": ("name", "tel")})
    assert personal_names(keyed, layer) == {"tel", "name, tel"}
    number = hold_delivery(city)
    told = run_issues(city.engine, number, None, personal_names(source, layer))
    assert "081-234-5678" not in str(told) and len(told) == 3
    open_ones = run_issues(city.engine, number, "value_missing", ())
    assert {row["value"] for row in open_ones} == {"081-234-5678"}
    (row,) = quarantined_rows(city.engine, number, showable_columns(source, layer))
    assert "081-234-5678" not in str(row)


def test_runs_are_listed_newest_first_of_one_source_or_all(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.49, 13.75)])
    number = hold_delivery(city)
    newest, before, *_ = listed_runs(city.engine, None, 20)
    assert (newest["run"], newest["outcome"]) == (number, "held")
    assert (before["features_added"], before["release"], before["warnings"]) == (2, 1, 0)
    parks = city.source_of("parks").id
    assert {row["source"] for row in listed_runs(city.engine, parks, 20)} == {parks}
    assert len(listed_runs(city.engine, parks, 1)) == 1
    assert latest_run(city.engine, parks) == number
    assert latest_run(city.engine, "bangkok_hospitals") is None


def test_a_try_that_judged_nothing_does_not_hide_the_delivery_before(city: TestMap) -> None:
    number = hold_delivery(city)
    source = city.source_of("parks")
    runs.record(city.engine, source, None, "unreachable", WHY, {})
    assert latest_run(city.engine, source.id) == number


@pytest.mark.parametrize("number", [99, 0, 2**31, 10**30])
def test_a_run_that_does_not_exist_is_named(test_map: TestMap, number: int) -> None:
    with pytest.raises(NotThere, match=f"there is no run {number}; `onemap runs`"):
        shown_run(test_map.engine, number)


def test_a_run_that_was_killed_is_told_as_a_fault(city: TestMap) -> None:
    source = city.source_of("parks")
    taken = Snapshot(source.id, "1" * 64, (), datetime.now(UTC))
    with lease.hold(city.engine, ["parks"]):
        number = runs.begin(city.engine, source, taken, Deciding({}))
        assert shown_run(city.engine, number)["outcome"] == "running"
    assert shown_run(city.engine, number)["outcome"] == "fault"
    assert listed_runs(city.engine, None, 1)[0]["outcome"] == "fault"


def test_releases_differ_by_features_added_changed_and_removed(city: TestMap) -> None:
    first = [Row(str(n), 100.49, 13.75, name=f"สวน {n}") for n in range(4)]
    city.load("parks", first)
    city.unify()
    assert publish(city) == 1
    moved = replace(first[1], lon=100.51)
    renamed = replace(first[2], name="สวนใหม่")
    city.load("parks", [first[0], moved, renamed, Row("9", 100.49, 13.75, name="สวน 9")])
    city.unify()
    assert publish(city) == 2
    assert release_numbers(city.engine) == [0, 1, 2]
    assert changed(city, 1, 2) == {
        "สวน 1": ("changed", ["position", "district_code", "subdistrict_code"]),
        "สวนใหม่": ("changed", ["name_th"]),
        "สวน 3": ("removed", []),
        "สวน 9": ("added", []),
    }
    backwards = changed(city, 2, 1)
    assert (backwards["สวน 3"], backwards["สวน 9"]) == (("added", []), ("removed", []))
    assert changed(city, 2, 2) == {}
    assert {change for change, _ in changed(city, 0, 2).values()} == {"added"}
    assert changed(city, 1, 2, source="bangkok_hospitals") == {}
    newest, before = listed_releases(city.engine, 20)
    assert (newest["current"], before["current"]) == (True, False)
    assert (newest["added"], newest["changed"], newest["removed"]) == (1, 2, 1)


def test_what_went_and_came_back_the_same_is_no_difference(city: TestMap) -> None:
    rows = [Row("1", 100.49, 13.75), Row("2", 100.49, 13.75)]
    for given in (rows, rows[:1], rows):
        city.load("parks", given)
        city.unify()
        publish(city)
    assert changed(city, 1, 3) == {}
    assert list(changed(city, 1, 2).values()) == [("removed", [])]


def test_a_list_is_cut_and_its_count_is_not(city: TestMap) -> None:
    city.load("parks", [Row(str(n), 100.49, 13.75, name=f"สวน {n}") for n in range(5)])
    city.unify()
    publish(city)
    found = release_differences(city.engine, 0, 1, layer="parks", most=2)
    assert [row["count"] for row in found] == [5, 5]
