"""An exception that nobody foresaw, in each step: it costs its own source, and nothing else."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy.exc
from sqlalchemy import text

from flows.engine import step
from flows.faults import ending
from flows.job import RefreshResult
from flows.pipeline import refresh
from geo import unify as unify_step
from geo.errors import DatabaseUnreachable, FetchFailed, FetchIncomplete, LeaseHeld
from geo.publishing import build
from geo.publishing import tiles as tile_maker
from geo.store import runs
from geo.store.database import connect
from tests.flows.conftest import SmallCity

pytestmark = pytest.mark.slow

PARKS = "bangkok_parks"
OTHERS = ("bangkok_districts", "bangkok_subdistricts", "bangkok_hospitals")
SECRET = "นางสาวลับ มาก 0812345678"


class Unspeakable(Exception):
    """Nothing may be asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


EXCEPTIONS: dict[str, Exception] = {
    "value": ValueError(SECRET),
    "data": sqlalchemy.exc.DataError("insert", {"name": SECRET}, ValueError(SECRET)),
    "memory": MemoryError(),
    "full disk": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"/home/{SECRET}"),
    "unspeakable": Unspeakable(),
    "endless": ValueError(SECRET * 200_000),
    "terminal": ValueError("\x1b[2J\x1b]0;\x07\0\ud800\r\n"),
}
STEPS = ("snapshot", "read", "survey", "stream", "gate", "load")


def fail_step(
    patch: pytest.MonkeyPatch, name: str, error: BaseException, source_id: str = PARKS
) -> None:
    """The step `name` raises for one source (the parks), and for nobody else."""

    def instead(label: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        if label.startswith(name) and label.endswith(source_id):
            raise error
        return step(label, function, *given, **named)

    for module in list(sys.modules.values()):
        if module.__name__.startswith("flows.") and getattr(module, "step", None) is step:
            patch.setattr(module, "step", instead)


def fail_once(function: Callable[..., Any], concerns: Callable[..., bool]) -> Callable[..., Any]:
    """The function, but for its first call for the parks: that raises."""
    failed: list[bool] = []

    def instead(*given: Any, **named: Any) -> Any:
        if not failed and concerns(*given, **named):
            failed.append(True)
            raise ValueError(SECRET)
        return function(*given, **named)

    return instead


def latest_run(city: SmallCity) -> Any:
    query = (
        "select outcome, reason, reason_th, evidence, snapshot_sha256 from meta.run "
        "where source_id = 'bangkok_parks' order by run_id desc limit 1"
    )
    with connect(city.job.engine) as connection:
        return connection.execute(text(query)).one()


def assert_told(city: SmallCity, result: RefreshResult, error: Exception, *, begun: bool) -> None:
    """The parks are a fault that is well described, and no other source is."""
    outcomes = {source.source_id: source for source in result.sources}
    assert outcomes[PARKS].outcome == "fault"
    assert {outcomes[name].outcome for name in OTHERS} <= {"accepted", "unchanged"}
    assert result.exit_code == os.EX_SOFTWARE
    told = str(outcomes[PARKS].reason)
    assert type(error).__name__ in told and "flows/" in told
    assert len(told) < 1_000 and told.isprintable()
    row = latest_run(city)
    assert (row.outcome, row.reason) == ("fault", told)
    assert row.reason_th
    assert row.evidence["error"] == type(error).__name__
    assert "flows/" in row.evidence["place"]
    assert (row.evidence["snapshot_sha256"] is not None) == begun
    assert SECRET not in str(row) + told, "a message may hold what a row held"


def test_an_exception_in_any_step_costs_its_own_source_alone(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(STEPS):
        error = ValueError(SECRET)
        with monkeypatch.context() as patch:
            fail_step(patch, name, error)
            result = refresh(small_city.job)
        assert_told(small_city, result, error, begun=name != "snapshot")
        assert (result.release is None) == bool(number), "the others are published, once"
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("accepted", 2), "nothing of it stays behind"


def test_an_exception_of_any_kind_is_told_without_what_it_holds(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in EXCEPTIONS.values():
        with monkeypatch.context() as patch:
            fail_step(patch, "snapshot", error)
            assert_told(small_city, refresh(small_city.job), error, begun=False)
    assert "No space left" in ending(EXCEPTIONS["full disk"]).reason.en


def test_the_register_of_runs_may_fail_as_well(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_city.refresh()
    small_city.parks(10)
    for name in ("begin", "close_held"):
        with monkeypatch.context() as patch:

            def refuse(*_: Any, **__: Any) -> None:
                raise EXCEPTIONS["data"]

            patch.setattr(runs, name, refuse)
            assert_told(small_city, refresh(small_city.job), EXCEPTIONS["data"], begun=True)
            patch.setattr(runs, "record", refuse)
            patch.setattr(runs, "close", refuse)
            result = refresh(small_city.job)
        outcomes = {source.source_id: source for source in result.sources}
        assert (outcomes[PARKS].outcome, outcomes[PARKS].run_id) == ("fault", None)
    outcomes, _ = small_city.refresh()
    assert outcomes[PARKS].outcome == "held"
    assert small_city.scalars("select count(*) from meta.run where outcome = 'running'") == [0]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_who_stops_the_run_stops_it(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    fail_step(monkeypatch, "snapshot", error)
    with pytest.raises(type(error)):
        refresh(small_city.job)


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (FetchFailed("https://x", "HTTP status 503"), "unreachable", os.EX_UNAVAILABLE),
        (FetchIncomplete("https://x", "1 of 2 bytes came"), "incomplete", os.EX_DATAERR),
        (LeaseHeld("parks", "another"), "unreachable", os.EX_UNAVAILABLE),
    ],
)
def test_a_service_that_is_away_is_no_fault(
    small_city: SmallCity,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    outcome: str,
    code: int,
) -> None:
    fail_step(monkeypatch, "snapshot", error)
    result = refresh(small_city.job)
    assert {source.source_id: source.outcome for source in result.sources}[PARKS] == outcome
    assert result.exit_code == code
    assert latest_run(small_city).outcome == outcome


def test_a_lost_database_ends_the_run(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_step(monkeypatch, "read", DatabaseUnreachable("here", "it is gone"))
    with pytest.raises(DatabaseUnreachable) as ended:
        refresh(small_city.job)
    assert ended.value.exit_code == os.EX_UNAVAILABLE


def is_parks(layer: str, **_: Any) -> bool:
    return layer == "parks"


BUILDING = [
    (unify_step, "run", lambda _, name, **named: name == "unify_layer" and is_parks(**named)),
    (build, "fetch_rows", lambda connection, layer, *_: layer.id == "parks"),
    (build, "verify_file", lambda rows, product, path: rows.layer.id == "parks"),
    (tile_maker, "run", lambda _, name, **named: name == "publish_planned" and is_parks(**named)),
]


@pytest.mark.parametrize(
    ("module", "name", "concerns"), BUILDING, ids=["unify", "rows", "files", "tiles"]
)
def test_a_layer_that_cannot_be_built_goes_out_as_it_was(
    small_city: SmallCity,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    concerns: Callable[..., bool],
) -> None:
    small_city.refresh()
    small_city.parks(21)
    small_city.hospital("โรงพยาบาลใหม่")
    for night in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, fail_once(getattr(module, name), concerns))
            result = refresh(small_city.job)
        outcomes = {source.source_id: source.outcome for source in result.sources}
        assert outcomes[PARKS] == "fault"
        assert outcomes["bangkok_hospitals"] == ("accepted" if night == 1 else "unchanged")
        assert (result.exit_code, result.fault) == (os.EX_SOFTWARE, None)
        assert small_city.scalars("select count(*) from onemap.parks") == [20]
        assert small_city.scalars("select name_th from onemap.hospitals") == ["โรงพยาบาลใหม่"]
    assert small_city.scalars("select release from meta.pointer") == [2]
    told = small_city.scalars(
        "select reason from meta.run where layer_id = 'parks' order by run_id"
    )
    assert "ValueError" in str(told[-1]) and SECRET not in str(told)
    outcomes, release = small_city.refresh()
    assert (outcomes[PARKS].outcome, release) == ("accepted", 3)
    assert small_city.scalars("select count(*) from onemap.parks") == [21]


def test_a_layer_that_cannot_be_built_even_as_it_was_leaves_the_last_release_up(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_city.refresh()
    small_city.hospital("โรงพยาบาลใหม่")
    lose_the_files_of("districts", small_city)  # as it was, it would be shared and not built
    with monkeypatch.context() as patch:

        def never(*_: Any) -> None:
            raise ValueError(SECRET)

        patch.setattr(build, "verify_file", never)
        result = refresh(small_city.job)
    assert result.release is None
    assert result.exit_code == os.EX_SOFTWARE
    assert "ValueError" in str(result.fault) and SECRET not in str(result.fault)
    assert small_city.scalars("select name_th from onemap.hospitals") == ["โรงพยาบาลกลาง"]
    assert small_city.refresh()[1] == 2


def lose_the_files_of(layer: str, city: SmallCity) -> None:
    for path in (city.job.settings.releases / "bangkok" / "1").rglob(f"{layer}*"):
        path.unlink()


def test_a_fault_of_the_whole_publication_is_told(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise ValueError(SECRET)

    with monkeypatch.context() as patch:
        patch.setattr(build, "build_manifest", never)
        result = refresh(small_city.job)
    assert {source.outcome for source in result.sources} == {"accepted"}
    assert (result.release, result.exit_code) == (None, os.EX_SOFTWARE)
    assert "geo/publishing/build.py" in str(result.fault) and SECRET not in str(result.fault)
    assert small_city.refresh()[1] == 1, "what was prepared waits for the next run"
