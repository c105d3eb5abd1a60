"""Is all well: what monitors are told of a map, source by source."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flows.health import PERIODS, PROBLEMS, Level, health
from geo.states import Outcome
from geo.store.sources import SourceState
from schemas.catalogue import load_catalogue

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SOURCES = load_catalogue().map_view("sample").sources
WELL = [
    SourceState(
        *(source.id, source.layer, "ชื่อ", "title", "unchanged", NOW, None, None),
        *(10, NOW, NOW, None, None, 0.0, False, (), False),
    )
    for source in SOURCES
]


def judged(**changes: object) -> tuple[Level, list[str]]:
    """The map's level, and what is wrong with its one source that is other than the rest."""
    changed = replace(WELL[3], **changes)
    found = health([*WELL[:3], changed, *WELL[4:]], SOURCES, NOW)
    others = [name for state in WELL[4:] for name in found.of(state.source_id)]
    assert not others
    return found.level, found.of(changed.source_id)


@pytest.mark.parametrize("outcome", ["accepted", "unchanged", "absent", "rejected", "running"])
def test_what_needs_nobody_is_well(outcome: Outcome) -> None:
    assert judged(outcome=outcome) == (Level.ok, [])


@pytest.mark.parametrize(
    ("changes", "level", "wrong"),
    [
        ({"outcome": "refused"}, 1, ["refused"]),
        ({"outcome": "incomplete"}, 1, ["incomplete"]),
        ({"outcome": "unreachable"}, 1, ["unreachable"]),
        ({"outcome": "held", "holds": (7,)}, 1, ["held"]),
        ({"outcome": "absent", "holds": (7,)}, 1, ["held"]),
        ({"outcome": "absent", "late": True}, 1, ["late"]),
        ({"outcome": "fault"}, 2, ["fault"]),
        ({"outcome": "fault", "late": True}, 2, ["fault", "late"]),
        ({"unpublished": True}, 2, ["unpublished"]),
        ({"outcome": None, "looked_at": None}, 3, ["never"]),
    ],
)
def test_each_problem_has_its_level(
    changes: dict[str, object], level: int, wrong: list[str]
) -> None:
    assert judged(**changes) == (level, wrong)


@pytest.mark.parametrize("every", list(PERIODS))
def test_it_is_noticed_that_nobody_looks_any_more(every: str) -> None:
    schedule = SOURCES[3].schedule.model_copy(update={"every": every})
    sources = [source.model_copy(update={"schedule": schedule}) for source in SOURCES]
    last = NOW - PERIODS[every] - timedelta(hours=23)
    for state, level in ((last, Level.ok), (last - timedelta(hours=2), Level.critical)):
        states = [replace(one, looked_at=state) for one in WELL]
        assert health(states, sources, NOW).level == level


def test_a_look_of_the_future_does_not_hide_that_nobody_looks() -> None:
    assert judged(looked_at=NOW + timedelta(minutes=5)) == (Level.ok, [])
    assert judged(looked_at=NOW + timedelta(days=400)) == (Level.critical, ["unseen"])


def test_what_is_worse_than_a_warning_is_not_hidden_by_what_cannot_be_told() -> None:
    never = replace(WELL[0], outcome=None, looked_at=None)
    fault, held = replace(WELL[1], outcome="fault"), replace(WELL[2], holds=(3,))
    assert health([never, fault, held], SOURCES, NOW).level == Level.critical
    assert health([never, held], SOURCES, NOW).level == Level.warning
    assert set(PROBLEMS.values()) == {Level.critical, Level.warning, Level.unknown}
