"""Which sources are due: what each one's declared schedule says about the last look at it.

A look that came to a judgement of the delivery counts until the next due time. One that did not
(nothing came, not all of it, the service was away, a fault of ours) is followed by the next look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone

from geo.states import Outcome
from geo.store.looks import Look
from schemas.models import Schedule, Source

BANGKOK = timezone(timedelta(hours=7), "Asia/Bangkok")
"""Schedules are declared in the time of Bangkok, which has kept to one offset since 1920."""

JUDGED: frozenset[Outcome] = frozenset({"accepted", "unchanged", "held", "rejected", "refused"})

_NEXT = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=32),
}
"""From the begin of any period into the one after it."""


def due_sources(
    sources: Collection[Source], looks: Mapping[str, Look], now: datetime
) -> list[Source]:
    """The sources that are due at `now` (aware), in the order given."""
    return [source for source in sources if is_due(source.schedule, looks.get(source.id), now)]


def is_due(schedule: Schedule, look: Look | None, now: datetime) -> bool:
    """Whether a source was not looked at well since its last due time; a first look is due.

    A look that lies after `now` was written by a clock that was wrong, and counts for nothing.
    """
    if look is None or look.outcome not in JUDGED:
        return True
    return not last_due(schedule, now) <= look.at <= now


def last_due(schedule: Schedule, now: datetime) -> datetime:
    """The last due time, `now` included: weekly on Monday, monthly on the first day."""
    begin = _begin(schedule, now)
    if begin + _offset(schedule) > now:
        begin = _begin(schedule, begin - datetime.resolution)
    return begin + _offset(schedule)


def next_due(schedule: Schedule, now: datetime) -> datetime:
    """The first due time after `now`."""
    begin = _begin(schedule, now)
    if begin + _offset(schedule) <= now:
        begin = _begin(schedule, begin + _NEXT[schedule.every])
    return begin + _offset(schedule)


def _begin(schedule: Schedule, moment: datetime) -> datetime:
    """When the hour, day, week or month began that holds `moment`."""
    hour = moment.astimezone(BANGKOK).replace(minute=0, second=0, microsecond=0)
    if schedule.every == "hour":
        return hour
    day = hour.replace(hour=0)
    if schedule.every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if schedule.every == "month" else day


def _offset(schedule: Schedule) -> timedelta:
    """How long after its period's begin a source is due."""
    hours = 0 if schedule.every == "hour" else schedule.at.hour
    return timedelta(hours=hours, minutes=schedule.at.minute, seconds=schedule.at.second)
