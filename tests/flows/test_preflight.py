"""A load that would fill the disk does not start, and no step takes for ever."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from flows import engine, preflight
from flows.engine import step
from flows.faults import ending
from flows.pipeline import refresh
from geo.errors import NoRoom, StepTimeout
from geo.store.database import STATEMENT_SECONDS, connect
from tests.flows.conftest import SmallCity

PARKS = "bangkok_parks"


def test_a_load_without_room_is_that_source_s_outcome_and_says_what_it_needs(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_city.parks(1_000)
    free = preflight.LEAST + preflight.TIMES * 30_000
    asked: list[Any] = []

    def disk_usage(folder: Any) -> SimpleNamespace:
        asked.append(folder)
        return SimpleNamespace(free=free)

    with monkeypatch.context() as patch:
        patch.setattr(preflight, "shutil", SimpleNamespace(disk_usage=disk_usage))
        result = refresh(small_city.job)
    outcomes = {source.source_id: source for source in result.sources}
    assert outcomes[PARKS].outcome == "fault"
    assert f"{free / 1e6:,.0f} MB free" in str(outcomes[PARKS].reason)
    assert "make room and run again" in str(outcomes[PARKS].reason)
    assert outcomes["bangkok_hospitals"].outcome == "accepted"
    assert (result.release is not None, result.exit_code) == (True, os.EX_SOFTWARE)
    assert set(asked) == {small_city.job.settings.home}
    assert small_city.refresh()[0][PARKS].outcome == "accepted"


def test_a_disk_with_room_is_not_in_the_way(small_city: SmallCity) -> None:
    preflight.require(small_city.job.settings.home, 1)
    with pytest.raises(NoRoom):
        preflight.require(small_city.job.settings.home, 1 << 60)


def test_a_step_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STEP_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(StepTimeout, match="normalise parks") as ended:
        step("normalise parks", time.sleep, 30)
    assert time.monotonic() - started < 15
    assert ending(ended.value).outcome == "fault"


def test_an_alarm_that_was_set_before_rings_on() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rung.append(number))
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        step("anything", lambda: None)
        time.sleep(0.6)
        assert rung == [signal.SIGALRM]
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left)


def test_a_step_runs_in_any_thread() -> None:
    done: list[int] = []
    worker = threading.Thread(target=lambda: done.append(step("count", lambda: 1)))
    worker.start()
    worker.join()
    assert done == [1]


def test_a_statement_that_takes_too_long_is_not_tried_again(small_city: SmallCity) -> None:
    with connect(small_city.job.engine) as connection:
        limit = connection.scalar(text("show statement_timeout"))
    assert limit == f"{STATEMENT_SECONDS // 60}min"
    slow = text("set statement_timeout = 50; select pg_sleep(20)")
    with pytest.raises(StepTimeout), connect(small_city.job.engine) as connection:
        connection.execute(slow)
