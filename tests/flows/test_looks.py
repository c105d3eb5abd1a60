"""Every look at a source is written down, whatever came of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NoReturn, get_args

import pytest

from flows import pipeline
from flows.pipeline import refresh
from geo import unify as unify_step
from geo.errors import DatabaseUnreachable
from geo.states import Outcome
from geo.store import runs
from geo.store.declare import declare
from geo.store.looks import Look, looked, looks
from schemas.models import Bilingual
from tests.flows.conftest import SmallCity

DISTRICTS, SUBDISTRICTS = "bangkok_districts", "bangkok_subdistricts"
PARKS, HOSPITALS = "bangkok_parks", "bangkok_hospitals"


def outcomes(city: SmallCity) -> dict[str, str]:
    """What the database says came of the last looks."""
    return {source: look.outcome for source, look in looks(city.job.engine).items()}


def times(city: SmallCity) -> dict[str, datetime]:
    return {source: look.at for source, look in looks(city.job.engine).items()}


def test_a_look_is_kept_whatever_came_of_it(small_city: SmallCity) -> None:
    assert looks(small_city.job.engine) == {}, "nobody looked yet"
    small_city.write("parks/public_park.csv", b"<html></html>")
    (small_city.drops / "health/hospital/bkk_hospital.csv").unlink()
    before = datetime.now(UTC)
    small_city.refresh()
    first = times(small_city)
    assert outcomes(small_city) == {
        DISTRICTS: "accepted",
        SUBDISTRICTS: "accepted",
        PARKS: "refused",
        HOSPITALS: "absent",
    }
    assert all(before <= at <= datetime.now(UTC) for at in first.values())
    small_city.parks(20)
    small_city.refresh()
    assert outcomes(small_city)[DISTRICTS] == "unchanged", "which leaves no run"
    assert outcomes(small_city)[PARKS] == "accepted"
    assert all(times(small_city)[source] > at for source, at in first.items())
    small_city.parks(10)
    small_city.refresh()
    assert outcomes(small_city)[PARKS] == "held"
    small_city.refresh()
    assert outcomes(small_city)[PARKS] == "held", "the hold still stands"


def test_a_fault_is_a_look_and_only_what_was_looked_at_has_one(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise ValueError

    monkeypatch.setattr(pipeline, "snapshot", broken)
    refresh(small_city.job, only=[PARKS])
    assert outcomes(small_city) == {PARKS: "fault"}


def test_a_layer_that_cannot_be_built_is_looked_at_again(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = unify_step.run

    def broken(connection: object, name: str, **values: object) -> object:
        if name == "unify_layer" and values["layer"] == "parks":
            raise ValueError
        return real(connection, name, **values)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(unify_step, "run", broken)
        small_city.refresh()
    assert outcomes(small_city)[HOSPITALS] == "accepted"
    assert outcomes(small_city)[PARKS] == "fault", "what was accepted never reached the map"


def test_a_database_that_is_away_ends_the_run_and_is_no_look(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> NoReturn:
        raise DatabaseUnreachable("postgresql://there", "no")

    monkeypatch.setattr(pipeline, "_bring_in", away)
    with pytest.raises(DatabaseUnreachable):
        small_city.refresh()
    assert outcomes(small_city) == {}


def test_declarations_do_not_forget_looks(small_city: SmallCity) -> None:
    small_city.refresh()
    before = looks(small_city.job.engine)
    declare(small_city.job.engine, small_city.job.view)
    assert looks(small_city.job.engine) == before


def test_of_looks_that_overlap_the_later_one_stays(small_city: SmallCity) -> None:
    engine, now = small_city.job.engine, datetime.now(UTC)
    looked(engine, PARKS, Look(now, "accepted"))
    looked(engine, PARKS, Look(now - timedelta(minutes=5), "absent"))
    assert looks(engine)[PARKS] == Look(now, "accepted")


def test_a_look_of_the_future_does_not_stay(small_city: SmallCity) -> None:
    engine, now = small_city.job.engine, datetime.now(UTC)
    looked(engine, PARKS, Look(now + timedelta(days=400), "accepted"))
    looked(engine, PARKS, Look(now, "absent"))
    assert looks(engine)[PARKS] == Look(now, "absent")


def test_absent_and_absent_again_is_one_run(small_city: SmallCity) -> None:
    def look() -> int | None:
        return small_city.refresh()[0][PARKS].run_id

    def outcomes_of_runs() -> list[object]:
        return small_city.scalars(
            f"select outcome from meta.run where source_id = '{PARKS}' order by run_id"
        )

    park = small_city.drops / "parks/public_park.csv"
    park.unlink()
    first = look()
    assert first is not None
    assert look() == first, "the run that said so first"
    assert outcomes_of_runs() == ["absent"]
    small_city.write("parks/public_park.csv", b"<html></html>")
    look()
    look()
    assert outcomes_of_runs() == ["absent", "refused", "refused"], "what came is judged each time"
    park.unlink()
    assert look() != first
    look()
    assert outcomes_of_runs() == ["absent", "refused", "refused", "absent"]


def test_only_the_same_absence_is_no_news(small_city: SmallCity) -> None:
    source = small_city.job.view.source(PARKS)

    def record(outcome: Outcome, why: str) -> int:
        reason = Bilingual(th="เหตุ", en=why)
        return runs.record(small_city.job.engine, source, None, outcome, reason, {})

    first = record("absent", "nothing came")
    assert record("absent", "nothing came") == first
    late = record("absent", "nothing came; it is late")
    assert late > first
    away = record("unreachable", "nothing came; it is late")
    assert away > late
    assert record("unreachable", "nothing came; it is late") > away, "each try that failed is told"


def test_the_database_knows_the_same_outcomes(small_city: SmallCity) -> None:
    (check,) = small_city.scalars(
        "select pg_get_constraintdef(oid) from pg_constraint "
        "where conname = 'source_looked_outcome_check'"
    )
    assert set(re.findall(r"'(\w+)'", str(check))) == set(get_args(Outcome))
