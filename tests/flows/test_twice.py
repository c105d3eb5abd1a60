"""Two looks at once, by the schedule and by hand: nothing is taken in twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier

import pytest

from flows.due import due_sources
from flows.job import RefreshResult
from flows.pipeline import refresh
from geo.errors import LeaseHeld
from geo.store import lease
from geo.store.looks import looks
from tests.flows.conftest import SmallCity

pytestmark = pytest.mark.slow


def due_ids(city: SmallCity) -> list[str]:
    due = due_sources(city.job.view.sources, looks(city.job.engine), datetime.now(UTC))
    return [source.id for source in due]


def test_a_patient_look_waits_for_another_run(small_city: SmallCity) -> None:
    hasty, patient = (replace(small_city.job, patience=seconds) for seconds in (0.0, 60.0))
    with ThreadPoolExecutor(1) as pool:
        with lease.hold(small_city.job.engine, ["parks"], wait_seconds=1):
            with pytest.raises(LeaseHeld, match="parks"):
                refresh(hasty)
            look = pool.submit(refresh, patient, only=["bangkok_parks"])
            assert wait([look], timeout=2).not_done
        result = look.result(timeout=60)
    assert [source.outcome for source in result.sources] == ["accepted"]
    assert result.release is not None


def test_two_looks_at_once_take_each_delivery_in_once(small_city: SmallCity) -> None:
    both_know = Barrier(2)

    def scheduled_look() -> RefreshResult:
        due = due_ids(small_city)
        both_know.wait(timeout=30)
        return refresh(small_city.job, only=due)

    def look_by_hand() -> RefreshResult:
        both_know.wait(timeout=30)
        return refresh(small_city.job)

    with ThreadPoolExecutor(2) as pool:
        looks_at_once = [pool.submit(scheduled_look), pool.submit(look_by_hand)]
        results = [look.result(timeout=120) for look in looks_at_once]
    found = Counter((s.source_id, s.outcome) for result in results for s in result.sources)
    everyone = {source.id for source in small_city.job.view.sources}
    assert found == Counter(
        {(source, outcome): 1 for source in everyone for outcome in ("accepted", "unchanged")}
    )
    accepted = small_city.scalars("select source_id from meta.run where outcome = 'accepted'")
    assert Counter(accepted) == Counter(everyone)
    assert small_city.scalars("select outcome from meta.run where outcome = 'running'") == []
    assert len(small_city.scalars("select feature_id from onemap.parks")) == 20
    assert due_ids(small_city) == []
