"""When a source is due: by its declared schedule, in the time of Bangkok."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.due import BANGKOK, JUDGED, due_sources, is_due, last_due, next_due
from geo.states import Outcome
from geo.store.looks import Look
from schemas.catalogue import load_catalogue
from schemas.models import Schedule

Every = Literal["hour", "day", "week", "month"]
schedules = st.builds(
    Schedule,
    every=st.sampled_from(get_args(Every)),
    at=st.times(max_value=time(23, 59, 59)).map(lambda at: at.replace(microsecond=0)),
)
moments = st.integers(1_600_000_000, 2_200_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


def bangkok(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=BANGKOK)


@pytest.mark.parametrize(
    ("every", "at", "now", "last", "following"),
    [
        ("hour", "00:15", "2026-11-26 09:14", "2026-11-26 08:15", "2026-11-26 09:15"),
        ("hour", "07:15", "2026-11-26 09:15", "2026-11-26 09:15", "2026-11-26 10:15"),
        ("hour", "00:15", "2026-01-01 00:10", "2025-12-31 23:15", "2026-01-01 00:15"),
        ("day", "02:30", "2026-11-26 02:29", "2026-11-25 02:30", "2026-11-26 02:30"),
        ("day", "02:30", "2026-11-26 02:30", "2026-11-26 02:30", "2026-11-27 02:30"),
        ("day", "02:30", "2028-03-01 01:00", "2028-02-29 02:30", "2028-03-01 02:30"),
        ("week", "02:00", "2026-11-26 12:00", "2026-11-23 02:00", "2026-11-30 02:00"),
        ("week", "02:00", "2026-11-30 01:59", "2026-11-23 02:00", "2026-11-30 02:00"),
        ("week", "02:00", "2026-11-29 23:00", "2026-11-23 02:00", "2026-11-30 02:00"),
        ("week", "02:00", "2027-01-01 12:00", "2026-12-28 02:00", "2027-01-04 02:00"),
        ("month", "02:00", "2026-11-26 12:00", "2026-11-01 02:00", "2026-12-01 02:00"),
        ("month", "02:00", "2026-12-01 01:59", "2026-11-01 02:00", "2026-12-01 02:00"),
        ("month", "02:00", "2026-12-31 23:59", "2026-12-01 02:00", "2027-01-01 02:00"),
        ("month", "02:00", "2026-03-01 00:00", "2026-02-01 02:00", "2026-03-01 02:00"),
        ("month", "23:30", "2026-02-28 23:59", "2026-02-01 23:30", "2026-03-01 23:30"),
    ],
)
def test_due_times(every: Every, at: str, now: str, last: str, following: str) -> None:
    schedule = Schedule(every=every, at=time.fromisoformat(at))
    assert last_due(schedule, bangkok(now)) == bangkok(last)
    assert next_due(schedule, bangkok(now)) == bangkok(following)


def test_the_day_is_that_of_bangkok_and_not_of_greenwich() -> None:
    nightly = Schedule(every="day", at=time(2, 0))
    evening = datetime(2026, 11, 26, 18, 59, tzinfo=UTC)  # 01:59 on the 27th in Bangkok
    assert last_due(nightly, evening) == bangkok("2026-11-26 02:00")
    assert last_due(nightly, evening + timedelta(minutes=1)) == bangkok("2026-11-27 02:00")


@given(schedules, moments)
def test_now_lies_between_the_last_due_time_and_the_next(schedule: Schedule, now: datetime) -> None:
    last, following = last_due(schedule, now), next_due(schedule, now)
    assert last <= now < following
    assert last_due(schedule, following) == following
    assert last_due(schedule, following - datetime.resolution) == last, "none lies between"
    assert next_due(schedule, last) == following


NOW = bangkok("2026-11-26 12:00")
DAILY = Schedule(every="day", at=time(2, 0))
SINCE, BEFORE = bangkok("2026-11-26 02:00"), bangkok("2026-11-26 01:59:59")


def test_what_was_never_looked_at_is_due() -> None:
    assert is_due(DAILY, None, NOW)


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_a_judgement_lasts_until_the_next_due_time(outcome: Outcome) -> None:
    assert is_due(DAILY, Look(SINCE, outcome), NOW) == (outcome not in JUDGED)
    assert is_due(DAILY, Look(BEFORE, outcome), NOW)


def test_what_comes_to_no_judgement_is_looked_at_again() -> None:
    assert set(get_args(Outcome)) - JUDGED == {"absent", "incomplete", "unreachable", "fault"}


def test_a_look_of_the_future_does_not_put_a_source_off() -> None:
    assert is_due(DAILY, Look(NOW + timedelta(days=400), "accepted"), NOW)


def test_sources_are_due_each_by_its_own_schedule() -> None:
    sources = load_catalogue().map_view("sample").sources
    looked = {source.id: Look(bangkok("2026-11-26 03:00"), "accepted") for source in sources}
    assert due_sources(sources, {}, NOW) == list(sources), "first looks, in their order"
    assert due_sources(sources, looked, NOW) == []
    monday = due_sources(sources, looked, bangkok("2026-11-30 02:05"))
    assert monday == [source for source in sources if source.schedule.every == "week"]
    assert 0 < len(monday) < len(sources)
    first = due_sources(sources, looked, bangkok("2026-12-01 02:05"))
    assert first == list(sources), "all that is weekly, for Monday's look was not made; and monthly"
