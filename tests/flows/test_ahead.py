"""The reader of the next source starts early: nothing that is written down changes by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import ahead, pipeline
from flows.pipeline import refresh
from geo.read import Reading
from geo.reading import child
from tests.flows.conftest import SmallCity

PARKS, HOSPITALS = "bangkok_parks", "bangkok_hospitals"


class Readers:
    """When readers are started, asked for their rows, and closed, by their files."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, str]] = []
        self.started: list[child.Child] = []
        patch.setattr(ahead, "start", self._noting("start", ahead.start))
        patch.setattr(pipeline, "start", self._noting("start", pipeline.start))

    def _noting(self, what: str, start: Callable[..., Reading]) -> Callable[..., Reading]:
        def instead(job: Any, source: Any, taken: Any) -> Reading:
            reading = start(job, source, taken)
            self.seen.append((what, source.id))
            self.started.append(reading._child)
            finish = reading.finish

            def finished() -> Any:
                self.seen.append(("rows", source.id))
                return finish()

            reading.finish = finished  # type: ignore[method-assign]
            return reading

        return instead

    def of(self, *sources: str) -> list[tuple[str, str]]:
        return [entry for entry in self.seen if entry[1] in sources]

    def all_ended(self) -> bool:
        return all(started._process.returncode is not None for started in self.started)


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    return Readers(monkeypatch)


def order(city: SmallCity) -> list[str]:
    return [source.id for source in city.job.view.sources]


def test_the_next_reader_is_started_before_this_source_is_worked_on(
    small_city: SmallCity, readers: Readers
) -> None:
    outcomes, _ = small_city.refresh()
    assert {outcome.outcome for outcome in outcomes.values()} == {"accepted"}
    first, second, *_ = order(small_city)
    assert readers.seen[:4] == [
        ("start", first),
        ("rows", first),
        ("start", second),
        ("rows", second),
    ]
    assert [source for what, source in readers.seen if what == "rows"] == order(small_city)
    assert len(readers.started) == len(order(small_city)), "each child reads one delivery"
    assert readers.all_ended()


def test_what_stands_is_not_read_ahead(small_city: SmallCity, readers: Readers) -> None:
    small_city.refresh()
    readers.seen.clear()
    small_city.parks(21)
    small_city.refresh()
    assert readers.seen == [("start", PARKS), ("rows", PARKS)]


def test_a_delivery_that_changes_meanwhile_is_read_as_it_is_then(
    small_city: SmallCity, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes anew while the source before it is worked on."""
    second = order(small_city)[order(small_city).index(PARKS) - 1]
    worked = pipeline.stream

    def meanwhile(delivery: Any, declared: Any, *more: Any) -> Any:
        if declared.source.id == second:
            small_city.parks(25)
        return worked(delivery, declared, *more)

    monkeypatch.setattr(pipeline, "stream", meanwhile)
    outcomes, _ = small_city.refresh()
    assert outcomes[PARKS].rows_in == 25
    assert readers.of(PARKS) == [("start", PARKS), ("start", PARKS), ("rows", PARKS)]
    assert readers.all_ended(), "the one that waited with the old bytes is ended"


def test_a_next_source_that_cannot_be_had_is_told_at_its_turn(
    small_city: SmallCity, readers: Readers
) -> None:
    (small_city.drops / "parks/public_park.csv").unlink()
    result = refresh(small_city.job)
    outcomes = {source.source_id: source.outcome for source in result.sources}
    assert outcomes.pop(PARKS) == "absent"
    assert set(outcomes.values()) == {"accepted"}
    assert readers.of(PARKS) == []


def test_a_run_that_is_stopped_leaves_no_reader_and_no_folder(
    small_city: SmallCity, readers: Readers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o711)

    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "stream", stopped)
    with pytest.raises(KeyboardInterrupt):
        refresh(small_city.job)
    assert len(readers.started) == 2 and readers.all_ended()
    assert list(tmp_path.glob("onemap-job-*")) == []


def test_a_look_at_no_source_and_at_one_start_nothing_early(
    small_city: SmallCity, readers: Readers
) -> None:
    assert refresh(small_city.job, only=[]).sources == ()
    assert readers.seen == []
    refresh(small_city.job, only=[order(small_city)[0]])
    assert readers.of(order(small_city)[1]) == []
