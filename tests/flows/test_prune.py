"""A prune takes what a map can do without, and nothing else; killed halfway, it broke nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli import history, releases
from cli import keeping as commands
from cli.language import Language
from cli.main import app
from flows.deciding import approve, reject
from flows.job import Job
from flows.keeping import prune as pruning
from flows.keeping.backup import backup
from flows.keeping.in_use import in_use
from flows.keeping.prune import Plan, plan, prune
from flows.keeping.store import Delivery
from flows.upgrading import preview
from geo.errors import DatabaseBusy, GeoError, LeaseHeld, LeaseLost, StoreBusy
from geo.publishing.publication import Publication
from geo.settings import Settings
from geo.store import keeping, lease
from geo.store.database import open_engine, transaction
from schemas.catalogue import load_catalogue
from schemas.models import Retention
from server import cluster as private_cluster
from tests.conftest import _administrator
from tests.flows.conftest import SmallCity, small_view, write_boundaries
from tests.flows.kept import files_of

RULES = Retention(releases=1, release_days=30, snapshots=30, runs=30)


def alter(city: SmallCity, *statements: str) -> None:
    with transaction(city.job.engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


def a_year_later(city: SmallCity) -> None:
    """All that happened was a year ago."""
    year = "interval '400 days'"
    alter(
        city,
        f"update meta.run set started_at = started_at - {year}",
        f"update meta.release set published_at = published_at - {year}",
    )


@pytest.fixture(scope="module")
def first_city(
    cluster: Settings,
    lasting_database: Callable[..., str],
    quick_reader: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> SmallCity:
    """A year ago three releases, a rejected delivery, and one that waits; all of other parks."""
    catalogue, home = load_catalogue(), tmp_path_factory.mktemp("first_city")
    view = small_view(catalogue)
    one_map = view.map.model_copy(update={"retention": RULES})
    engine = open_engine(lasting_database("prune_first", view=view))
    job = Job(
        replace(cluster, home=home),
        replace(view, map=one_map),
        catalogue.issue_codes,
        engine,
        home / "drops",
    )
    city = SmallCity(job)
    write_boundaries(city.drops)
    city.hospital("โรงพยาบาลกลาง")
    for parks in (20, 21, 22):
        city.parks(parks)
        city.refresh()
    city.parks(2)
    turned_away, _ = city.refresh()
    number = turned_away["bangkok_parks"].run_id
    assert number is not None
    reject(city.job, number, by="x", reason="y")
    city.parks(3)
    waits, _ = city.refresh()
    assert waits["bangkok_parks"].outcome == "held"
    a_year_later(city)
    engine.dispose()
    return city


@pytest.fixture
def city(cluster: Settings, first_city: SmallCity, tmp_path: Path) -> Iterator[SmallCity]:
    """The same once more, to be pruned."""
    home = copied(first_city.job.settings.home, tmp_path / "home")
    with psycopg.connect(_administrator(cluster), autocommit=True) as server:
        server.execute("drop database if exists onemap_prune with (force)")
        server.execute("create database onemap_prune owner onemap template onemap_prune_first")
        engine = open_engine(private_cluster.url(cluster, "prune"))
        settings = replace(cluster, home=home)
        yield SmallCity(
            replace(first_city.job, settings=settings, engine=engine, drops=home / "drops")
        )
        engine.dispose()
        server.execute("drop database onemap_prune with (force)")


def copied(home: Path, target: Path) -> Path:
    """What releases share, they share in the copy."""
    subprocess.run(["cp", "--archive", home, target], check=True)
    return target


def deliveries_of_parks(city: SmallCity) -> list[str]:
    """Their hashes in the order in which they came: of 20, 21, 22, 2 and 3 parks."""
    query = "select snapshot_sha256 from meta.run where source_id = 'bangkok_parks' order by run_id"
    return list(map(str, city.scalars(query)))


def details(city: SmallCity) -> int:
    (rows,) = city.scalars(
        "select (select count(*) from meta.issue) + (select count(*) from meta.quarantined_row)"
        " + (select count(*) from meta.filtered_row)"
    )
    assert isinstance(rows, int)
    return rows


def bytes_on_disk(city: SmallCity) -> int:
    """Each file once, whatever names it has."""
    found = [path.stat() for path in city.job.settings.home.rglob("*") if path.is_file()]
    return sum({(stat.st_dev, stat.st_ino): stat.st_size for stat in found}.values())


def files(city: SmallCity) -> dict[str, str]:
    settings = city.job.settings
    return files_of(settings.snapshots, settings.releases)


def add_issues(city: SmallCity) -> None:
    """Two for each run."""
    alter(
        city,
        "insert into meta.issue select run_id, 'x', 'note', 'agency', n, null, null, 'x', 'x' "
        "from meta.run, generate_series(1, 2) n",
    )


def test_what_is_old_and_unneeded_goes_and_is_counted(city: SmallCity) -> None:
    add_issues(city)
    first, second, *_ = deliveries_of_parks(city)
    disk, rows, going = bytes_on_disk(city), details(city), plan(city.job)
    assert going.releases == (1, 2)
    expected = {Delivery("bangkok_parks", first), Delivery("bangkok_parks", second)}
    assert set(going.deliveries) == expected
    assert prune(city.job, going) == going
    assert disk - bytes_on_disk(city) == going.size > 0
    assert rows - details(city) == going.rows == 4
    assert plan(city.job).is_empty


def test_a_release_that_stays_keeps_what_it_shared(city: SmallCity) -> None:
    third = city.job.settings.releases / "bangkok" / "3"
    before = files_of(third)
    shared = [path for path in third.rglob("*") if path.is_file() and path.stat().st_nlink == 3]
    assert len(shared) > 10
    going = plan(city.job)
    assert not {path for path, size in going.files.items() if size} & {
        folder.parent / number / path.relative_to(third)
        for folder in (third,)
        for number in ("1", "2")
        for path in shared
    }, "nothing of it is free"
    prune(city.job, going)
    assert files_of(third) == before
    assert {path.stat().st_nlink for path in shared} == {1}


def test_it_says_where_it_was_what_went(city: SmallCity) -> None:
    prune(city.job, plan(city.job))
    marked = "select release from meta.release where files_pruned_at is not null order by 1"
    assert city.scalars(marked) == [1, 2]
    first, second, *rest = deliveries_of_parks(city)
    pruned = "select snapshot_sha256 from meta.run where snapshot_pruned_at is not null order by 1"
    assert city.scalars(pruned) == sorted([first, second])
    details_of = "select count(*) from meta.run where details_pruned_at is not null"
    assert city.scalars(details_of) == [2]
    store = city.job.settings.snapshots / "blobs"
    for sha256 in (first, second, *rest):
        assert (store / sha256[:2] / sha256).is_file() == (sha256 in rest)


def test_it_asks_first_and_programs_say_yes(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "open_map", lambda _: city.job)
    before, call = files(city), CliRunner().invoke
    for arguments in (["--dry-run"], ["--dry-run", "--yes"], ["--json"]):
        assert call(app, ["prune", *arguments], input="y").exit_code == 0
    refused = call(app, ["prune", "--lang", "en"], input="n")
    assert refused.exit_code == 1 and "Delete all of this?" in refused.output
    assert "bangkok_parks" in refused.output
    assert files(city) == before
    listed = json.loads(call(app, ["prune", "--json"]).stdout)
    gone = json.loads(call(app, ["prune", "--json", "--yes"]).stdout)
    assert listed["which"]["releases"] == [1, 2] and len(listed["which"]["deliveries"]) == 2
    assert gone == {name: value for name, value in listed.items() if name != "which"}
    assert len(files(city)) == len(before) - gone["files"]
    assert call(app, ["prune", "--lang", "th"]).output.strip() == "ไม่มีอะไรที่ลบได้"


def test_people_are_told_what_went(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prune(city.job, plan(city.job))
    for module in (history, releases):
        monkeypatch.setattr(module, "open_map", lambda _: city.job)
    (first,) = city.scalars("select min(run_id) from meta.run where source_id = 'bangkok_parks'")
    releases.releases(lang=Language.en)
    assert capsys.readouterr().out.count("pruned") == 2
    for tell in (history.issues, history.quarantine, history.show):
        tell(str(first), lang=Language.en)
        told = capsys.readouterr().out
        assert "were pruned" in told and "Nothing was wrong" not in told
        tell(str(first), as_json=True)
        assert json.loads(capsys.readouterr().out)["details_pruned_at"]


def test_the_map_goes_on_as_if_nothing_went(city: SmallCity, tmp_path: Path) -> None:
    prune(city.job, plan(city.job))
    history = "select count(*) from onemap.parks_as_of(now() - interval '399 days')"
    assert city.scalars(history) == [22]
    (earliest,) = city.scalars("select published_at::text from meta.release where release = 1")
    assert city.scalars(f"select count(*) from onemap.parks_as_of('{earliest}')") == [20]
    assert list(preview(replace(city.job))) == []
    outcomes, number = city.refresh()
    assert number is None and outcomes["bangkok_parks"].outcome == "held"
    (waits,) = city.scalars("select run_id from meta.open_hold")
    assert isinstance(waits, int)
    assert approve(city.job, waits, by="x", reason="y").release is not None
    city.parks(2)
    outcomes, _ = city.refresh()
    assert outcomes["bangkok_parks"].outcome != "fault"


def test_bytes_that_went_may_come_again(city: SmallCity) -> None:
    _, second, *_ = deliveries_of_parks(city)
    prune(city.job, plan(city.job))
    city.parks(21)
    outcomes, number = city.refresh()
    assert outcomes["bangkok_parks"].outcome == "accepted" and number == 4
    assert second not in {delivery.sha256 for delivery in plan(city.job).deliveries}


def test_a_backup_after_a_prune_misses_nothing(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prune(city.job, plan(city.job))
    url = city.job.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    settings = replace(city.job.settings, database_url=url)
    assert backup(settings, "bangkok", tmp_path / "kept").missing == ()


@pytest.mark.parametrize(
    ("rules", "releases"),
    [
        ({"releases": 2}, (1,)),
        ({"releases": 9}, ()),
        ({"release_days": 500}, ()),
    ],
)
def test_kept_releases_keep_what_they_came_from(
    city: SmallCity, rules: dict[str, int], releases: tuple[int, ...]
) -> None:
    view = city.job.view
    one_map = view.map.model_copy(update={"retention": RULES.model_copy(update=rules)})
    going = plan(replace(city.job, view=replace(view, map=one_map)))
    assert going.releases == releases
    gone = {delivery.sha256 for delivery in going.deliveries}
    assert gone == set(deliveries_of_parks(city)[: len(releases)])
    assert len(going.runs) == len(releases)


@pytest.mark.parametrize(
    ("change", "nth"),
    [
        ("set outcome = 'running'", 0),  # nobody has closed it yet
        ("set target_release = 9", 0),  # prepared for a release that was not made yet
        ("set ended_release = 3", 2),  # off the map; an upgrade reads it again
    ],
)
def test_what_a_run_still_needs_stays_whatever_its_age(
    city: SmallCity, change: str, nth: int
) -> None:
    wanted = deliveries_of_parks(city)[nth]
    alter(city, f"update meta.run {change} where snapshot_sha256 = '{wanted}'")
    going = plan(city.job)
    assert wanted not in {delivery.sha256 for delivery in going.deliveries}
    (run,) = city.scalars(f"select run_id from meta.run where snapshot_sha256 = '{wanted}'")
    assert run not in going.runs


def test_the_release_that_readers_follow_stays_though_it_is_not_the_latest(city: SmallCity) -> None:
    alter(city, "update meta.pointer set release = 1")
    assert plan(city.job).releases == ()


def test_a_delivery_that_became_no_run_goes_when_it_is_old_and_ours(city: SmallCity) -> None:
    manifests = city.job.settings.snapshots / "manifests"
    (copied, *_) = (manifests / "bangkok_parks").iterdir()
    strays = [("bangkok_parks", "young"), ("bangkok_parks", "old"), ("nobodys_parks", "old")]
    for source, name in strays:
        (manifests / source).mkdir(exist_ok=True)
        stray = shutil.copyfile(copied, manifests / source / f"{name}.json")
        if name == "old":
            os.utime(stray, (time.time() - 31 * 86_400,) * 2)
    found = {(one.source_id, one.sha256) for one in plan(city.job).deliveries}
    assert found & set(strays) == {("bangkok_parks", "old")}


def test_who_lost_the_lease_removes_nothing(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    still, before = pruning._still, files(city)

    def lose(*plans: Plan) -> Plan:
        alter(city, "delete from meta.lease")
        return still(*plans)

    monkeypatch.setattr(pruning, "_still", lose)
    with pytest.raises(LeaseLost):
        prune(city.job, plan(city.job))
    assert files(city) == before


def test_what_is_young_stays(city: SmallCity) -> None:
    alter(
        city,
        "update meta.run set started_at = now() - interval '20 days'",
        "update meta.release "
        "set published_at = now() - interval '20 days' + release * interval '1 s'",
    )
    assert plan(city.job).is_empty


@pytest.mark.parametrize("step", ["after it is written down", "a release", "a delivery"])
def test_killed_halfway_it_is_finished_by_the_next(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    add_issues(city)
    before = files(city)
    unlink, calls = Path.unlink, []

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def killed_at_the_second(path: Path, *, missing_ok: bool = False) -> None:
        calls.append(path)
        killed() if len(calls) > 1 else unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        if step == "after it is written down":
            patch.setattr(pruning, "_remove", killed)
        elif step == "a release":
            patch.setattr(pruning, "shutil", SimpleNamespace(rmtree=killed))
        else:
            patch.setattr(Path, "unlink", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            prune(city.job, plan(city.job))
    outcomes, number = city.refresh()
    assert number is None and outcomes["bangkok_parks"].outcome == "held"
    left = plan(city.job)
    assert left.files and left.rows == 0
    prune(city.job, left)
    gone = before.keys() - files(city).keys()
    first, second, *_ = deliveries_of_parks(city)
    ours = ("releases/bangkok/1/", "releases/bangkok/2/")
    assert all(name.startswith(ours) or first in name or second in name for name in gone)
    assert any("bangkok/1/" in name for name in gone) and any(second in name for name in gone)
    assert plan(city.job).is_empty


def test_it_meets_no_run(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "LEASE_WAIT_SECONDS", 0)
    monkeypatch.setattr(keeping, "PATIENCE_SECONDS", 0)
    going, before, engine = plan(city.job), files(city), city.job.engine
    with in_use(city.job.settings.snapshots), pytest.raises(StoreBusy):
        prune(city.job, going)
    with lease.hold(engine, ["hospitals"]), pytest.raises(LeaseHeld):
        prune(city.job, going)
    with keeping.alone(engine), pytest.raises(DatabaseBusy):
        prune(city.job, going)
    assert files(city) == before
    assert city.scalars("select count(*) from meta.run where details_pruned_at is not null") == [0]
    prune(city.job, going)


def test_a_run_uses_the_store_until_it_is_written_down(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a delivery's copy and its run, a prune would take it for nobody's."""
    monkeypatch.setattr(pruning, "LEASE_WAIT_SECONDS", 0)
    from flows import pipeline

    seen: list[GeoError] = []
    begin = pipeline.bring_in

    def meddle(*arguments: object, **options: object) -> object:
        with pytest.raises(StoreBusy) as caught:
            prune(city.job, plan(city.job))
        seen.append(caught.value)
        return begin(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "bring_in", meddle)
    city.parks(23)
    city.refresh()
    assert len(seen) == 4


def test_nothing_goes_that_nobody_was_shown(city: SmallCity) -> None:
    shown = plan(city.job)
    first, second, *_ = deliveries_of_parks(city)
    city.parks(20)  # the same bytes again, after the list was shown
    city.refresh()
    few = replace(shown, releases=(1,), runs=(), files=shown.files)
    gone = prune(city.job, few)
    assert gone.releases == (1,) and gone.runs == ()
    assert {delivery.sha256 for delivery in gone.deliveries} == {second}
    assert (city.job.settings.snapshots / "blobs" / first[:2] / first).is_file()


def test_what_another_map_needs_stays(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    store = city.job.settings.snapshots
    first, *_ = deliveries_of_parks(city)
    theirs = store / "manifests" / "songkhla_parks" / f"{first}.json"
    theirs.parent.mkdir()
    shutil.copy(store / "manifests" / "bangkok_parks" / f"{first}.json", theirs)
    prune(city.job, plan(city.job))
    assert (store / "blobs" / first[:2] / first).is_file() and theirs.is_file()
    assert not (store / "manifests" / "bangkok_parks" / f"{first}.json").exists()
    other = SimpleNamespace(id="other", sources=("bangkok_parks",))
    monkeypatch.setattr(pruning, "load_catalogue", lambda: SimpleNamespace(maps={"other": other}))
    a_year_later(city)
    city.parks(24)
    city.refresh()
    a_year_later(city)
    assert plan(city.job).deliveries == ()


def test_what_killed_copies_left_goes_after_a_day(city: SmallCity) -> None:
    store = city.job.settings.snapshots
    names = ["blobs/aa/" + "a" * 64, "incoming/half", "blobs/bb/" + "b" * 64, "incoming/now"]
    for name in names:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(b"left")
    for name in names[:2]:
        os.utime(store / name, (time.time() - 100_000,) * 2)
    prune(city.job, plan(city.job))
    assert [(store / name).exists() for name in names] == [False, False, True, True]


def test_how_long_is_kept_makes_no_new_release(city: SmallCity) -> None:
    view = city.job.view
    longer = view.map.model_copy(update={"retention": Retention(releases=99)})
    publications = [
        Publication(replace(view, map=one_map), 1, "x") for one_map in (view.map, longer)
    ]
    assert len({publication.declarations_sha256 for publication in publications}) == 1
