"""How each source stands, told by one statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from geo.states import Deciding, Outcome, Snapshot
from geo.store import lease, runs
from geo.store.database import transaction
from geo.store.lateness import became_late
from geo.store.looks import Look, looked
from geo.store.sources import SourceState, source_states
from schemas.models import Bilingual
from tests.db.conftest import Row, TestMap

WHY = Bilingual(th="เหตุ", en="why")


def state_of(city: TestMap, layer: str) -> SourceState:
    wanted = city.source_of(layer).id
    return next(state for state in source_states(city.engine) if state.source_id == wanted)


def change(city: TestMap, statement: str) -> None:
    with transaction(city.engine) as connection:
        connection.execute(text(statement))


def look(city: TestMap, outcome: Outcome) -> None:
    looked(city.engine, city.source_of("parks").id, Look(datetime.now(UTC), outcome))


def record(city: TestMap, outcome: Outcome) -> int:
    return runs.record(city.engine, city.source_of("parks"), None, outcome, WHY, {})


def test_a_source_that_nobody_looked_at_has_no_state(test_map: TestMap) -> None:
    states = source_states(test_map.engine)
    assert {state.source_id for state in states} == {source.id for source in test_map.view.sources}
    for state in states:
        assert (state.outcome, state.looked_at, state.fetched_at, state.age_days) == (None,) * 4
        assert (state.late, state.holds, state.unpublished) == (False, [], False)


def test_rows_are_prepared_then_on_the_map_then_unchanged(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.49, 13.75)])
    state = state_of(city, "parks")
    assert (state.outcome, state.rows_on_map, state.unpublished) == ("accepted", None, True)
    change(city, "update meta.pointer set release = 1")
    state = state_of(city, "parks")
    assert (state.rows_on_map, state.unpublished, state.reason) == (2, False, None)
    assert state.age_days is not None and 0 <= state.age_days < 0.01
    look(city, "unchanged")
    state = state_of(city, "parks")
    assert state.outcome == "unchanged" and state.looked_at is not None
    assert state.looked_at > (state.last_good_at or datetime.now(UTC))


def test_rows_are_not_unpublished_while_somebody_works_on_the_map(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    with lease.hold(city.engine, ["districts"]):
        assert not state_of(city, "parks").unpublished
    assert state_of(city, "parks").unpublished


def test_what_waits_is_listed_until_a_person_has_decided(city: TestMap) -> None:
    look(city, "held")
    number = record(city, "held")
    state = state_of(city, "parks")
    assert (state.outcome, state.holds) == ("held", [number])
    assert (state.reason, state.reason_th) == (WHY.en, WHY.th)
    look(city, "held")  # the same bytes came again: no run says so
    with transaction(city.engine) as connection:
        change_of_mind = runs.Decision(number, "Somchai", "half of it is missing")
        connection.execute(text("update meta.run set snapshot_sha256 = repeat('0', 64)"))
        runs.decide(connection, change_of_mind, "rejected")
    state = state_of(city, "parks")
    assert (state.outcome, state.holds) == ("rejected", [])


def test_a_run_that_was_killed_is_a_fault_and_one_that_works_is_not(city: TestMap) -> None:
    source = city.source_of("parks")
    taken = Snapshot(source.id, "0" * 64, (), datetime.now(UTC))
    look(city, "accepted")
    with lease.hold(city.engine, ["parks"]):
        runs.begin(city.engine, source, taken, Deciding({}))
        assert state_of(city, "parks").outcome == "running"
    assert state_of(city, "parks").outcome == "fault"


def test_it_is_late_when_the_promised_days_have_passed(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    change(city, "update meta.pointer set release = 1")
    change(city, "update meta.source set promise_days = 30")
    assert not state_of(city, "parks").late
    change(city, "update meta.run set fetched_at = fetched_at - interval '30 days'")
    state = state_of(city, "parks")
    assert state.late and state.promise_days == 30
    assert state.fetched_at is not None
    assert state.fetched_at < datetime.now(UTC) - timedelta(days=30)
    assert state.age_days is not None and 30 <= state.age_days < 30.1


def test_what_was_promised_and_never_came_is_late_from_the_first_try_on(city: TestMap) -> None:
    source = city.source_of("parks").id
    change(city, f"update meta.source set promise_days = 30 where source_id = '{source}'")
    assert not state_of(city, "parks").late, "nobody looked yet"
    record(city, "absent")
    change(city, "update meta.run set started_at = started_at - interval '29 days'")
    record(city, "unreachable")
    assert not state_of(city, "parks").late
    change(city, "update meta.run set started_at = started_at - interval '2 days'")
    state = state_of(city, "parks")
    assert state.late and state.fetched_at is None
    (late,) = became_late(city.engine)
    assert (late.source_id, late.last_good_on) == (source, None)
