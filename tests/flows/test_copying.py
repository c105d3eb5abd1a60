"""Rows are copied while the next batch is judged: a load has less to do, and does the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy.exc
from sqlalchemy import text

from flows import copying, engine
from flows.copying import Copying
from flows.pipeline import refresh
from geo.errors import DatabaseUnreachable, StepTimeout
from geo.store.database import connect
from geo.store.staging import Stage
from tests.flows.conftest import SmallCity

PARKS = "bangkok_parks"
HISTORY = "select feature_id, name_th, release_from, release_to from core.parks order by 1, 3"


def rows_of(city: SmallCity) -> list[Any]:
    with connect(city.job.engine) as connection:
        return [tuple(row) for row in connection.execute(text(HISTORY))]


def failing(
    whole: Callable[..., Any], error: BaseException, calls: list[int]
) -> Callable[..., Any]:
    """Once it has done a part of its work, it raises, each time that it is called for the parks."""

    def instead(self: Stage, *given: Any) -> Any:
        done = whole(self, *given)
        if self.source.id == PARKS:
            calls.append(1)
            raise error
        return done

    return instead


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which way rows took to the database."""
    taken: list[str] = []
    for name in ("load", "load_staged"):
        whole = getattr(copying, name)

        def instead(*given: Any, whole: Callable[..., Any] = whole, name: str = name) -> Any:
            taken.append(name)
            return whole(*given)

        monkeypatch.setattr(copying, name, instead)
    return taken


def test_what_was_copied_is_not_copied_again(small_city: SmallCity, loads: list[str]) -> None:
    outcomes, _ = small_city.refresh()
    assert set(loads) == {"load_staged"} and len(loads) == len(outcomes)
    assert outcomes[PARKS].added == 20


@pytest.mark.parametrize(
    "error",
    [
        DatabaseUnreachable("somewhere", "it is away"),
        sqlalchemy.exc.DataError("copy", {}, ValueError("a value")),
    ],
    ids=["the database is away", "a value"],
)
def test_a_copy_that_fails_early_is_made_by_the_load(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch, loads: list[str], error: Exception
) -> None:
    small_city.refresh()
    small_city.parks(25)
    loads.clear()
    with monkeypatch.context() as patch:
        calls: list[int] = []
        patch.setattr(Stage, "add", failing(Stage.add, error, calls))
        patch.setattr(engine, "RETRY_DELAYS", ())
        with suppress(DatabaseUnreachable):  # which ends the run; a bad value ends the source
            refresh(small_city.job)
        assert len(calls) == 2, "once early, and once by the load, which tells"
    assert loads == ["load"]
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("accepted", 2)
    assert len([row for row in rows_of(small_city) if row[-1] is None]) == 25


def test_a_load_that_is_tried_again_takes_what_waits_on_the_disk(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch, loads: list[str]
) -> None:
    """The session of the stage is lost with all that was copied; nothing is read again."""
    small_city.refresh()
    small_city.parks(25)
    loads.clear()
    monkeypatch.setattr(engine, "RETRY_DELAYS", (0.0,))
    lost = failing(Stage.settled, DatabaseUnreachable("somewhere", "it is away"), calls := [])
    with monkeypatch.context() as patch:
        settled = Stage.settled

        def once(self: Stage, *given: Any) -> Any:
            return settled(self, *given) if calls else lost(self, *given)

        patch.setattr(Stage, "settled", once)
        outcomes, release = small_city.refresh()
    assert loads == ["load_staged", "load"]
    assert (outcomes[PARKS].outcome, outcomes[PARKS].rows_in, release) == ("accepted", 25, 2)
    assert len([row for row in rows_of(small_city) if row[-1] is None]) == 25


def test_a_held_delivery_leaves_what_was_prepared_before_it(small_city: SmallCity) -> None:
    small_city.refresh()
    before = rows_of(small_city)
    small_city.parks(3)
    outcomes, _ = small_city.refresh()
    assert outcomes[PARKS].outcome == "held"
    assert rows_of(small_city) == before


def test_a_step_that_takes_too_long_is_not_taken_for_a_copy_that_failed(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stage, "add", failing(Stage.add, StepTimeout("stream", 1.0), []))
    source = small_city.job.view.source(PARKS)
    with Copying(small_city.job, source, 1) as early, pytest.raises(StepTimeout):
        early.add(
            pa.table(
                {
                    "feature_id": pa.array([], pa.binary(16)),
                    "content_hash": pa.array([], pa.binary()),
                }
            )
        )
