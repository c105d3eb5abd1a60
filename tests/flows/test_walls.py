"""On a machine without walls our own sample is read, and nothing of an agency's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import flows.walls
import samples
from flows import pipeline
from geo.errors import WallsMissing
from geo.reading.walls import Walls
from geo.settings import REQUIRED_WALLS
from geo.states import Sandbox, Snapshot, StoredFile
from tests.flows.conftest import SmallCity

BARE = Sandbox(landlock_abi=0, network_namespace=False, another_user=False, seccomp=True)


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without Landlock, and a sample of one file."""
    monkeypatch.setattr(flows.walls, "walls", lambda required: Walls(BARE, required))
    monkeypatch.setattr(samples, "own_hashes", lambda: frozenset({"ours"}))


def taken(*hashes: str) -> Snapshot:
    files = tuple(StoredFile("hospitals.kml", sha256, 1, Path("blob")) for sha256 in hashes)
    return Snapshot("sample_hospitals", "whole", files, datetime.now(UTC))


@pytest.mark.usefixtures("bare_machine")
def test_a_missing_wall_ends_the_run_with_advice_and_is_no_sources_outcome(
    small_city: SmallCity,
) -> None:
    with pytest.raises(WallsMissing, match=r"5\.13"):
        pipeline.refresh(small_city.job)
    assert small_city.scalars("select count(*) from meta.run") == [0]


@pytest.mark.usefixtures("bare_machine")
def test_our_own_bytes_need_no_walls(small_city: SmallCity) -> None:
    assert flows.walls.required_walls(small_city.job, taken("ours")) == frozenset()
    with pytest.raises(WallsMissing):
        flows.walls.required_walls(small_city.job, taken("ours", "an agency's"))


@pytest.mark.usefixtures("bare_machine")
def test_what_is_not_required_is_not_asked_for(small_city: SmallCity) -> None:
    settings = replace(small_city.job.settings, required_walls=frozenset({"seccomp"}))
    job = replace(small_city.job, settings=settings)
    assert flows.walls.required_walls(job, taken("an agency's")) == {"seccomp"}


def test_where_the_walls_stand_our_own_bytes_are_read_behind_them(small_city: SmallCity) -> None:
    assert flows.walls.required_walls(small_city.job, taken("ours")) == REQUIRED_WALLS
