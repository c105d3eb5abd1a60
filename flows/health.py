"""Is all well with a map? What monitors ask, answered from how its sources stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from geo.store.sources import SourceState
from schemas.models import Schedule, Source


class Level(IntEnum):
    """How bad it is, by the exit codes that monitors know (Nagios plugins)."""

    ok = 0
    warning = 1
    critical = 2
    unknown = 3


PROBLEMS: Mapping[str, Level] = {
    "fault": Level.critical,
    "unpublished": Level.critical,
    "unseen": Level.critical,
    "unreachable": Level.warning,
    "refused": Level.warning,
    "incomplete": Level.warning,
    "held": Level.warning,
    "late": Level.warning,
    "never": Level.unknown,
}
"""What can be wrong with a source, worst first. `unseen`: nobody looked at it for longer than its
schedule allows, so that nothing runs; `never`: nobody ever did, so that it cannot be told."""

PERIODS: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
}
GRACE = timedelta(days=1)
"""How much later than its schedule says a source may be looked at."""


@dataclass(frozen=True)
class Health:
    """The sources of a map by what is wrong with them; those that are well are in none."""

    problems: Mapping[str, tuple[str, ...]]

    def of(self, source_id: str) -> list[str]:
        """What is wrong with one source, worst first."""
        return [name for name, sources in self.problems.items() if source_id in sources]

    @property
    def level(self) -> Level:
        """The worst: critical, then warning; unknown counts where nothing else is wrong."""
        found = {PROBLEMS[name] for name, sources in self.problems.items() if sources}
        order = (Level.critical, Level.warning, Level.unknown)
        return next((level for level in order if level in found), Level.ok)


def health(states: Iterable[SourceState], sources: Iterable[Source], now: datetime) -> Health:
    """What is wrong with each source, at the aware time `now`."""
    schedules = {source.id: source.schedule for source in sources}
    found = {
        state.source_id: problems(state, schedules.get(state.source_id), now) for state in states
    }
    return Health(
        {
            name: tuple(source for source, wrong in found.items() if name in wrong)
            for name in PROBLEMS
        }
    )


def problems(state: SourceState, schedule: Schedule | None, now: datetime) -> frozenset[str]:
    """Names of what is wrong with one source (`PROBLEMS`); none if it is well."""
    if state.looked_at is None:
        return frozenset({"never"})
    wrong = {
        str(state.outcome): state.outcome in PROBLEMS,
        "held": bool(state.holds),
        "late": state.late,
        "unpublished": state.unpublished,
        "unseen": _unseen(state.looked_at, schedule, now),
    }
    return frozenset(name for name, is_so in wrong.items() if is_so)


def _unseen(looked_at: datetime, schedule: Schedule | None, now: datetime) -> bool:
    """A look of the future was written by a clock that was wrong, and tells nothing."""
    if schedule is None:
        return False
    return not -GRACE <= now - looked_at <= PERIODS[schedule.every] + GRACE
