"""What decides is one fingerprint; a re-reading is no delivery; an approval is of what was seen."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from flows import pipeline, publishing
from flows.copying import Copying
from flows.deciding import approve, reject
from flows.job import Job, RefreshResult, SourceOutcome
from flows.opening import prepare
from flows.upgrading import preview, upgrade
from geo import standing
from geo.errors import ConfigurationError, LayerUnbuilt, UnknownRun
from geo.normalising import hashing
from geo.settings import Settings
from geo.store import lease, runs
from geo.store.database import connect, open_engine
from geo.unify import unify
from geo.values.codes import AdminCodes
from schemas.catalogue import load_catalogue
from schemas.models import Bilingual, Severity
from tests.conftest import _databases
from tests.upgrade import town

PARKS, CLINICS = "town_parks", "town_clinics"


@dataclass
class Town:
    """The test town: its job, and what can be asked of its map."""

    job: Job

    def refresh(self, **how: Any) -> RefreshResult:
        return pipeline.refresh(self.job, **how)

    def outcome(self, source_id: str, **how: Any) -> SourceOutcome:
        """What a refresh comes to for one source."""
        found = {source.source_id: source for source in self.refresh(**how).sources}
        return found[source_id]

    def all(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.job.engine) as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def parks(self) -> int:
        return len(self.all("select from onemap.parks"))

    @property
    def drops(self) -> Path:
        assert self.job.drops is not None
        return self.job.drops

    def declare(self, source_id: str, layer: Mapping[str, Any] = {}, **source: Any) -> None:
        """Declares other values for keys of a source, and of its layer."""
        view = self.job.view
        layer_id = view.source(source_id).layer
        self.job = replace(
            self.job,
            view=replace(
                view,
                sources=tuple(_changed(one, source_id, source) for one in view.sources),
                layers=tuple(_changed(one, layer_id, layer) for one in view.layers),
            ),
        )

    def hold(self, source_id: str) -> int:
        """The number of the source's run that waits."""
        (found,) = [
            hold.run_id for hold in runs.holds(self.job.engine) if hold.source_id == source_id
        ]
        return found


def _changed(declared: Any, wanted: str, values: Mapping[str, Any]) -> Any:
    if declared.id != wanted:
        return declared
    return type(declared).model_validate(declared.model_dump() | dict(values))


@pytest.fixture(scope="module")
def first_night(
    lasting_database: Callable[..., str],
    quick_reader: None,
    cluster: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Job:
    """The town on its first day, taken in and published: once for all tests, which copy it."""
    home = tmp_path_factory.mktemp("first_night")
    view = load_catalogue(town.DECLARATIONS).map_view("town")
    job = Job(
        replace(cluster, home=home),
        view,
        load_catalogue().issue_codes,
        open_engine(lasting_database("first_night", view=view)),
        home / "drops",
    )
    town.first_day(home / "drops")
    assert {source.outcome for source in pipeline.refresh(job).sources} == {"accepted"}
    job.engine.dispose()
    return job


@pytest.fixture
def place(
    first_night: Job, cluster: Settings, quick_reader: None, tmp_path: Path
) -> Iterator[Town]:
    """A copy of the town after its first night."""
    home = tmp_path / "home"
    shutil.copytree(first_night.settings.home, home)
    published = str(first_night.engine.url.database)
    with _databases(cluster, lambda _: published) as make:
        engine = open_engine(make("town"))
        settings = replace(cluster, home=home)
        yield Town(replace(first_night, settings=settings, engine=engine, drops=home / "drops"))
        engine.dispose()


def stricter(least: int) -> dict[str, Any]:
    """A rule of the parks that quarantines those below `least` square metres."""
    rule = {"rule": "range", "column": "area_m2", "min": least, "severity": "error"}
    return {"rules": [rule], "gate": {"max_error_share": 1, "max_fall": 1}}


# --- what decides ---------------------------------------------------------------------------------


def test_without_a_change_nothing_is_read(place: Town) -> None:
    before = place.all("select count(*) from meta.run")
    result = place.refresh()
    assert {source.outcome for source in result.sources} == {"unchanged"}
    assert result.release is None
    assert place.all("select count(*) from meta.run") == before


def test_a_changed_severity_reaches_old_bytes(place: Town) -> None:
    codes = dict(place.job.catalogue.codes)
    code = next(code for code, one in codes.items() if one.severity is Severity.warning)
    codes[code] = codes[code].model_copy(update={"severity": Severity.note})
    place.job = replace(place.job, issue_codes=codes)
    found = place.outcome(PARKS)
    assert found.outcome == "accepted"
    assert f"severity of {code} warning" in str(found.because)
    assert place.outcome(PARKS).outcome == "unchanged"


def test_a_changed_message_reads_nothing_again(place: Town) -> None:
    other = Bilingual(th="ข้อความอื่น", en="other words")
    codes = {
        code: one.model_copy(update={"message": other, "advice": other})
        for code, one in place.job.catalogue.codes.items()
    }
    place.job = replace(place.job, issue_codes=codes)
    assert place.outcome(PARKS).outcome == "unchanged"


def test_what_is_only_shown_reads_nothing_again(place: Town) -> None:
    style = place.job.view.layer("parks").style.model_dump() | {"colour": "#123456"}
    title = {"th": "ชื่ออื่น", "en": "another title"}
    place.declare(PARKS, {"style": style, "title": title}, title=title, promise_days=30)
    result = place.refresh()
    assert {source.outcome for source in result.sources} == {"unchanged"}
    assert result.release is not None, "but it is published"


def test_a_changed_code_table_reaches_old_bytes(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = AdminCodes.for_province("10")
    other = replace(known, successors={**known.successors, "100199": ("100101",)})
    monkeypatch.setattr(AdminCodes, "for_province", lambda _: other)
    assert "codes changed" in str(place.outcome(PARKS).because)
    assert place.outcome(PARKS).outcome == "unchanged"


@pytest.mark.parametrize("step", ["snapshot", "read", "normalise", "validate", "gate", "load"])
def test_a_raised_step_number_reaches_old_bytes(
    place: Town, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = standing.STEPS[step]
    monkeypatch.setattr(standing, "STEPS", {**standing.STEPS, step: before + 1})
    now = standing.deciding(
        place.job.engine, place.job.view, place.job.view.source(PARKS), place.job.catalogue
    )
    with connect(place.job.engine) as connection:
        last = runs.last_accepted(connection, PARKS)
    assert last is not None
    assert standing.because(last.deciding, now) == f"step {step} {before} -> {before + 1}"
    assert now.fingerprint != last.deciding.fingerprint


def test_other_libraries_reach_old_bytes_and_are_named(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = standing._versions()
    monkeypatch.setattr(standing, "_versions", lambda: {**before, "PROJ": "99.1"})
    result = place.refresh()
    assert result.release is None, "nothing is other than it was"
    assert {source.because for source in result.sources} == {f"PROJ {before['PROJ']} -> 99.1"}
    assert {"pyogrio (GDAL)", "fiona (GDAL)", "GEOS", "PROJ data", "Arrow"} <= before.keys()


def test_again_reads_what_stands(place: Town) -> None:
    result = place.refresh(again=True, only=[PARKS])
    assert [(source.source_id, source.outcome) for source in result.sources] == [
        (PARKS, "accepted")
    ]
    assert result.sources[0].because.startswith("it was asked for")
    assert result.release is None
    with pytest.raises(ConfigurationError, match="no source nowhere"):
        place.refresh(only=["nowhere"])


def test_the_fingerprint_of_a_source_costs_little(place: Town) -> None:
    source = place.job.view.source(PARKS)

    def seconds(work: Callable[[], object]) -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    def ask() -> object:
        return standing.deciding(place.job.engine, place.job.view, source, place.job.catalogue)

    taken = pipeline.snapshot(source, place.drops, place.job.settings.snapshots)
    assert not isinstance(taken, pipeline.Refusal)
    reading = seconds(lambda: pipeline.understand(place.job, source, taken))
    assert min(seconds(ask) for _ in range(5)) < reading / 4


# --- a re-reading is no delivery ------------------------------------------------------------------


def test_a_rereading_that_loses_rows_is_held_and_can_be_approved(place: Town) -> None:
    place.declare(PARKS, stricter(1003))
    found = place.outcome(PARKS)
    assert found.outcome == "held"
    assert "2 row(s) lost" in str(found.reason), "which the gate would have let pass"
    assert "layer rules changed" in str(found.because)
    assert place.parks() == 20
    assert place.outcome(PARKS).outcome == "held"
    approve(place.job, place.hold(PARKS), by="สมชาย", reason="too small")
    assert place.parks() == 18


def test_a_rereading_that_changes_ids_is_held(place: Town) -> None:
    place.declare(PARKS, key=["id", "dcode"])
    assert "20 id(s) changed" in str(place.outcome(PARKS).reason)


def test_a_rereading_that_moves_places_is_held(place: Town) -> None:
    position = place.job.view.source(CLINICS).position.model_dump()
    place.declare(CLINICS, position=position | {"crs": "EPSG:32647"})
    reason = str(place.outcome(CLINICS).reason)
    assert "6 row(s) moved, by up to" in reason
    (evidence,) = place.all("select evidence from meta.open_hold")
    assert 300 < evidence[0]["reread"]["largest_move_m"] < 600


def test_a_rereading_that_changes_many_values_is_held(place: Town) -> None:
    place.declare(PARKS, columns={"name_th": {"column": "park_name"}})
    assert "20 value(s) of area_m2 changed" in str(place.outcome(PARKS).reason)


def test_a_rereading_that_wins_rows_passes(place: Town) -> None:
    town.parks(place.drops, {**{n: f"สวน {n}" for n in range(1, 21)}, 20000000: "ใหญ่เกิน"})
    place.declare(PARKS, stricter(1))
    place.declare(PARKS, {"rules": [{**stricter(1)["rules"][0], "max": 5000}]})
    assert place.outcome(PARKS).quarantined == 1
    place.declare(PARKS, stricter(1))
    found = place.outcome(PARKS)
    assert (found.outcome, found.published) == ("accepted", 21)


def test_rejected_bytes_are_held_again_after_a_change(place: Town) -> None:
    town.half_of_the_parks(place.drops)
    assert place.outcome(PARKS).outcome == "held"
    reject(place.job, place.hold(PARKS), by="สมหญิง", reason="half is missing")
    assert place.outcome(PARKS).outcome == "rejected"
    place.declare(PARKS, {"gate": {"max_fall": 1}})
    found = place.outcome(PARKS)
    assert found.outcome == "held", "the gate alone would have accepted it"
    assert "สมหญิง rejected these bytes on" in str(found.reason)
    assert "half is missing" in str(found.reason)
    assert place.outcome(PARKS, again=True).outcome == "held"
    upgrade(place.job, by="สมชาย", reason="new code")
    assert place.parks() == 20, "the accepted bytes were read again, and the rejected ones wait"
    approve(place.job, place.hold(PARKS), by="สมหญิง", reason="they closed")
    assert place.parks() == 10
    assert place.outcome(PARKS).outcome == "unchanged"


# --- an upgrade -----------------------------------------------------------------------------------


def test_a_dry_run_of_an_upgrade_lists_and_writes_nothing(place: Town) -> None:
    assert list(preview(place.job)) == []
    place.declare(PARKS, stricter(1003))
    runs_before = place.all("select * from meta.run order by run_id")
    (change,) = preview(place.job)
    assert (change.source_id, change.because) == (PARKS, "layer gate changed; layer rules changed")
    assert not isinstance(change.gives, pipeline.Refusal)
    assert (change.gives.rows_before, change.gives.rows_lost) == (20, 2)
    assert place.all("select * from meta.run order by run_id") == runs_before
    assert place.all("select * from meta.lease") == []


def test_one_decision_covers_an_upgrade(place: Town) -> None:
    position = place.job.view.source(CLINICS).position.model_dump()
    place.declare(PARKS, stricter(1003))
    place.declare(CLINICS, position=position | {"crs": "EPSG:32647"})
    assert [place.outcome(name).outcome for name in (PARKS, CLINICS)] == ["held", "held"]
    assert place.parks() == 20
    with pytest.raises(ConfigurationError, match="a name and a reason"):
        upgrade(place.job, by=" ", reason="why")
    upgraded = upgrade(place.job, by="สมชาย", reason="version 2")
    assert upgraded.release is not None
    assert place.parks() == 18
    decided = place.all(
        """select r.source_id, u.decided_by, u.decided_reason, r.decided_by
           from meta.run r join meta.upgrade u using (upgrade_id) order by 1"""
    )
    assert decided == [
        (CLINICS, "สมชาย", "version 2", "สมชาย"),
        (PARKS, "สมชาย", "version 2", "สมชาย"),
    ]
    assert {source.outcome for source in place.refresh().sources} == {"unchanged"}


# --- an approval is of what was seen --------------------------------------------------------------


def test_what_became_other_since_it_was_seen_is_held_again(place: Town) -> None:
    town.parks(place.drops, {n: f"สวน {n}" for n in range(6, 21)})
    assert place.outcome(PARKS).outcome == "held"
    seen = place.hold(PARKS)
    place.declare(PARKS, stricter(1020))
    prepare(place.job)
    (outcome,) = approve(place.job, seen, by="สมชาย", reason="closed").sources
    assert outcome.outcome == "held"
    assert "published 15 -> 1" in str(outcome.reason)
    assert "layer rules changed" in str(outcome.because)
    assert place.parks() == 20
    assert place.all(f"select decided_at from meta.run where run_id = {seen}") == [(None,)]
    assert place.hold(PARKS) != seen
    (outcome,) = approve(place.job, place.hold(PARKS), by="สมชาย", reason="closed").sources
    assert outcome.outcome == "accepted"
    assert place.parks() == 1


def test_other_values_in_as_many_rows_are_not_what_was_seen(place: Town) -> None:
    town.half_of_the_parks(place.drops)
    place.refresh()
    seen = place.hold(PARKS)
    place.declare(PARKS, columns={"name_th": {"column": "dcode"}, "area_m2": {"column": "area"}})
    prepare(place.job)
    (outcome,) = approve(place.job, seen, by="สมชาย", reason="closed").sources
    assert "other values, ids or positions" in str(outcome.reason)
    assert place.parks() == 20


def test_what_is_still_as_it_was_seen_is_let_through(place: Town) -> None:
    town.half_of_the_parks(place.drops)
    place.refresh()
    place.declare(PARKS, {"gate": {"max_fall": 0.1}})
    prepare(place.job)
    (outcome,) = approve(place.job, place.hold(PARKS), by="สมชาย", reason="closed").sources
    assert (outcome.outcome, place.parks()) == ("accepted", 10)


def test_a_hold_of_an_undeclared_source_is_refused_before_it_is_decided(place: Town) -> None:
    town.half_of_the_parks(place.drops)
    place.refresh()
    held, view = place.hold(PARKS), place.job.view
    fewer = replace(view, sources=tuple(s for s in view.sources if s.id != PARKS))
    place.job = replace(place.job, view=fewer)
    prepare(place.job)
    with pytest.raises(UnknownRun, match=r"no longer declared.*reject the run"):
        approve(place.job, held, by="สมชาย", reason="closed")
    assert place.hold(PARKS) == held, "nothing was decided"
    assert reject(place.job, held, by="สมชาย", reason="it is gone").run_id == held


def test_an_approval_whose_layer_could_not_be_built_was_never_made(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.half_of_the_parks(place.drops)
    place.refresh()
    held = place.hold(PARKS)
    broken = [LayerUnbuilt("parks", "it does not read back")]

    def unify_later(*arguments: Any) -> dict[str, int]:
        if broken:
            raise broken.pop()
        return unify(*arguments)

    monkeypatch.setattr(publishing, "unify", unify_later)
    (outcome,) = approve(place.job, held, by="สมชาย", reason="closed").sources
    assert outcome.outcome == "fault"
    assert (place.parks(), place.hold(PARKS)) == (20, held)
    (outcome,) = approve(place.job, held, by="สมชาย", reason="closed").sources
    assert (outcome.outcome, place.parks()) == ("accepted", 10)


def test_an_approval_waits_for_a_run_and_then_loads_nothing_older(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.half_of_the_parks(place.drops)
    place.refresh()
    held = place.hold(PARKS)
    town.parks(place.drops, {n: f"สวน {n}" for n in range(1, 22)})
    two_ask = _when_two_ask(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        first, may_go_on = _paused_at_load(monkeypatch, pool, lambda: place.refresh(only=[PARKS]))
        second = pool.submit(lambda: approve(place.job, held, by="สมชาย", reason="closed"))
        assert two_ask.wait(120)
        may_go_on.set()
        first.result()
        with pytest.raises(UnknownRun, match="was accepted since"):
            second.result()
    assert place.parks() == 21
    assert place.all(f"select decided_at from meta.run where run_id = {held}") == [(None,)]


def test_a_run_waits_for_an_approval_and_then_loads_the_newer(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.half_of_the_parks(place.drops)
    place.refresh()
    held = place.hold(PARKS)
    two_ask = _when_two_ask(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        first, may_go_on = _paused_at_load(
            monkeypatch, pool, lambda: approve(place.job, held, by="สมชาย", reason="closed")
        )
        town.parks(place.drops, {n: f"สวน {n}" for n in range(1, 22)})
        second = pool.submit(lambda: place.refresh(only=[PARKS]))
        assert two_ask.wait(120)
        may_go_on.set()
        first.result()
        second.result()
    assert place.parks() == 21
    assert place.outcome(PARKS).outcome == "unchanged"


def _paused_at_load(
    monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor, work: Callable[[], Any]
) -> tuple[Future[Any], threading.Event]:
    """`work`, stopped when it has judged and is about to load, with the layer's lease in hand.

    It goes on when the event is set.
    """
    stopped, may_go_on = threading.Event(), threading.Event()

    load = Copying.load

    def load_later(*arguments: Any) -> Any:
        monkeypatch.setattr(Copying, "load", load)
        stopped.set()
        assert may_go_on.wait(120)
        return load(*arguments)

    monkeypatch.setattr(Copying, "load", load_later)
    future = pool.submit(work)
    assert stopped.wait(120)
    return future, may_go_on


def _when_two_ask(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the second one has asked for the lease that the first one has, and waits."""
    asked = threading.Event()

    def sleep(seconds: float) -> None:
        asked.set()
        time.sleep(seconds)

    monkeypatch.setattr(lease, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    return asked


# --- hashes ---------------------------------------------------------------------------------------


def test_another_hash_recipe_closes_no_feature(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = "select feature_id, name_th, release_from, release_to from core.{} order by 1"
    layers = ("districts", "subdistricts", "parks", "clinics")
    before = [place.all(versions.format(layer)) for layer in layers]
    monkeypatch.setattr(hashing, "HASH_VERSION", 2)
    assert place.refresh(again=True).release is None
    assert [place.all(versions.format(layer)) for layer in layers] == before
    for layer in layers:
        found = place.all(f"select distinct get_byte(content_hash, 0) from core.{layer}")
        assert found == [(2,)], "from now on they are compared by their hash"


def test_another_hash_recipe_hides_no_change(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "HASH_VERSION", 2)
    town.second_day(place.drops)
    assert place.refresh(only=[PARKS]).release is not None
    changed = place.all("select source_key from core.parks where release_from = 2 order by 1")
    assert changed == [("21",), ("7",)]
