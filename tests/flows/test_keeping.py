"""A backup holds a whole map; what is damaged or in the way changes nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest

from flows.job import Job
from flows.keeping import backup as backing_up
from flows.keeping.archive import MANIFEST, unfinished
from flows.keeping.backup import backup
from flows.keeping.in_use import emptying
from flows.keeping.restore import restore
from geo.errors import (
    BackupDamaged,
    ConfigurationError,
    DatabaseBusy,
    DumpFailed,
    GeoError,
    RestoreDiffers,
    StoreBusy,
)
from geo.settings import Settings, project_folder
from geo.store import keeping
from geo.store.database import open_engine
from schemas.catalogue import load_catalogue
from server import cluster as private_cluster
from server import dumping
from tests.elsewhere import Server, server_elsewhere
from tests.flows.conftest import SmallCity, small_view, write_boundaries
from tests.flows.kept import files_of, rows_of


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_elsewhere() as server:
        yield server


@pytest.fixture(scope="module")
def city(server: Server, quick_reader: None, tmp_path_factory: pytest.TempPathFactory) -> SmallCity:
    """Two releases, and a delivery that waits; tests only look."""
    declared, home = load_catalogue(), tmp_path_factory.mktemp("city")
    settings = Settings(project_folder(), home, database_url=server.empty("city"))
    engine = open_engine(private_cluster.ensure_database(settings, "bangkok"))
    catalogue = declared.issue_codes
    city = SmallCity(Job(settings, small_view(declared), catalogue, engine, home / "drops"))
    write_boundaries(city.drops)
    city.hospital("โรงพยาบาลกลาง")
    for parks in (20, 21, 3):
        city.parks(parks)
        outcomes, _ = city.refresh()
    assert outcomes["bangkok_parks"].outcome == "held"
    assert city.scalars("select release from meta.pointer") == [2]
    return city


@pytest.fixture(scope="module")
def kept(city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the city; tests only look."""
    folder = tmp_path_factory.mktemp("backups") / "first"
    assert backup(city.job.settings, "bangkok", folder).missing == ()
    return folder


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Settings:
    """An empty database and an empty state folder."""
    return Settings(project_folder(), tmp_path / "home", database_url=server.empty("place"))


@pytest.fixture
def copied(kept: Path, tmp_path: Path) -> Path:
    """The backup, to be maltreated."""
    return shutil.copytree(kept, tmp_path / "copied", symlinks=True)


def state_of(settings: Settings) -> dict[str, str]:
    """All that a map is: rows, deliveries, releases."""
    assert settings.database_url is not None
    return rows_of(settings.database_url) | files_of(settings.snapshots, settings.releases)


def is_empty(settings: Settings) -> bool:
    assert settings.database_url is not None
    engine = open_engine(settings.database_url)
    return not keeping.schemas_in_the_way(engine) and not settings.home.exists()


def test_a_map_comes_back_as_it_was(city: SmallCity, kept: Path, place: Settings) -> None:
    counts = restore(place, kept).archive.counts
    assert state_of(place) == state_of(city.job.settings)
    assert counts["release"] == 2 and counts["releases"] == 2
    assert counts["deliveries"] == 6  # two of boundaries, a hospital's, three of parks
    assert not (place.snapshots / "incoming").exists() or not [
        *(place.snapshots / "incoming").iterdir()
    ]


def test_its_readers_see_what_they_saw_and_no_more(
    server: Server, kept: Path, place: Settings
) -> None:
    restore(place, kept)
    seen = {
        "onemap_planner": [
            "onemap.parks",
            "onemap.parks_as_of(now())",
            "onemap.parks_versions",
            "onemap.changes('parks', 0, 1)",
            "onemap.place where onemap.within(geom, geom, 1)",
            "geometry_columns where (f_table_name, type, srid) = ('place', 'GEOMETRY', 4326)",
            "onemap.layer_status",
        ],
        "onemap_web": ["web.parks", "web.place", "web.release", "web.layer_column"],
    }
    for role, names in seen.items():
        with psycopg.connect(server.url("place", role), autocommit=True) as reader:
            for name in names:
                assert reader.execute(f"select * from {name}").fetchall()
            for other in (*seen.keys() - {role}, "meta"):
                (forbidden, *_) = seen.get(other, ["meta.run"])
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(f"select * from {forbidden}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("select meta.target_release()")
    with (
        psycopg.connect(server.url("place", "onemap_web")) as web,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        web.execute("select * from onemap.parks_as_of(now())")


def test_a_restored_map_goes_on(
    city: SmallCity, kept: Path, place: Settings, tmp_path: Path
) -> None:
    restore(place, kept)
    assert place.database_url is not None
    drops = shutil.copytree(city.drops, tmp_path / "drops")
    job = replace(city.job, settings=place, engine=open_engine(place.database_url), drops=drops)
    restored = SmallCity(job)
    outcomes, number = restored.refresh()
    assert {outcome.outcome for outcome in outcomes.values()} == {"unchanged", "held"}
    last = restored.scalars("select max(run_id) from meta.run")
    restored.parks(22)
    outcomes, number = restored.refresh()
    assert number == 3 and [outcomes["bangkok_parks"].run_id] > last


def test_another_owner_can_take_it_in(server: Server, kept: Path, tmp_path: Path) -> None:
    with psycopg.connect(server.administrator, autocommit=True) as administrator:
        administrator.execute("create role city_owner login")
    url = server.empty("others", "city_owner")
    restore(Settings(project_folder(), tmp_path, database_url=url), kept)
    with psycopg.connect(server.url("others", "onemap_planner")) as planner:
        assert planner.execute("select count(*) from onemap.parks").fetchone() == (21,)
    with psycopg.connect(url) as owner:
        owners = "select distinct tableowner from pg_tables where schemaname in ('core', 'meta')"
        assert owner.execute(owners).fetchall() == [("city_owner",)]


def damage_a_byte(name: str) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        path = next(folder.glob(name))
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)

    return damage


def lead_out(folder: Path) -> None:
    """A manifest that somebody wrote, whose seal is right, and whose files are all there."""
    from flows.keeping.archive import _seal

    content = json.loads((folder / MANIFEST).read_text("utf-8"))
    del content["sha256"]
    content["files"]["releases/1/../../database.dump"] = content["files"]["database.dump"]
    content["sha256"] = _seal(content)
    (folder / MANIFEST).write_text(json.dumps(content), "utf-8")


def link_out(folder: Path) -> None:
    (folder / "database.dump").rename(folder.parent / "elsewhere")
    (folder / "database.dump").symlink_to(folder.parent / "elsewhere")


DAMAGE = {
    "a byte of the database": damage_a_byte("database.dump"),
    "a byte of a delivery": damage_a_byte("snapshots/blobs/*/*"),
    "a byte of what a delivery is": damage_a_byte("snapshots/manifests/*/*"),
    "a byte of a release": damage_a_byte("releases/1/**/*.pmtiles"),
    "a byte of its own list": damage_a_byte(MANIFEST),
    "a file is gone": lambda folder: next(folder.glob("releases/2/data/*.csv")).unlink(),
    "its list is gone": lambda folder: (folder / MANIFEST).unlink(),
    "its list is no list": lambda folder: (folder / MANIFEST).write_text("[]"),
    "a name leads out": lead_out,
    "a link leads out": link_out,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_backup_touches_nothing(
    copied: Path, place: Settings, damage: Callable[[Path], object]
) -> None:
    damage(copied)
    with pytest.raises(BackupDamaged):
        restore(place, copied)
    assert is_empty(place)


def test_a_dump_that_does_not_load_leaves_the_map_that_was_there(
    city: SmallCity, kept: Path, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(place, kept)
    before = state_of(place)
    monkeypatch.setattr(dumping, "DUMPS", ("database.dump", "nothing.dump"))
    with pytest.raises(DumpFailed):
        restore(place, kept, replace=True)
    assert state_of(place) == before


def test_readers_keep_their_releases_until_the_database_is_back(
    city: SmallCity, kept: Path, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lives of one map may number different releases alike."""
    restore(place, kept)
    assert place.database_url is not None
    followed = place.releases / "bangkok" / "2" / "style.json"
    followed.write_text('{"of": "a later life"}')
    with monkeypatch.context() as patch:
        patch.setattr(dumping, "DUMPS", ("database.dump", "nothing.dump"))
        with pytest.raises(DumpFailed):
            restore(place, kept, replace=True)
    assert followed.read_text() == '{"of": "a later life"}'
    restore(place, kept, replace=True)
    assert state_of(place) == state_of(city.job.settings)


def test_nobody_empties_the_store_while_a_map_comes_back(
    kept: Path, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maps share it: to another one's prune, bytes without a manifest are nobody's."""
    load = dumping.load

    def meddle(*arguments: object) -> None:
        with pytest.raises(StoreBusy), emptying(place.snapshots, wait_seconds=0):
            pass
        load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dumping, "load", meddle)
    restore(place, kept)


def test_what_came_back_otherwise_is_said(
    kept: Path, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = dumping.load

    def load_and_lose(url: str, *rest: object) -> None:
        load(url, *rest)  # type: ignore[arg-type]
        with psycopg.connect(url) as connection:
            connection.execute(
                "update core.parks set name_th = name_th || ' ' where source_row = 3"
            )

    monkeypatch.setattr(dumping, "load", load_and_lose)
    with pytest.raises(RestoreDiffers, match=r"core\.parks"):
        restore(place, kept)


def test_a_map_that_is_there_is_replaced_only_when_asked(
    city: SmallCity, kept: Path, place: Settings
) -> None:
    assert place.database_url is not None
    restore(place, kept)
    with psycopg.connect(place.database_url) as connection:
        connection.execute("delete from meta.issue")
        connection.execute("create table core.newer (a int)")
    later = shutil.copytree(place.releases / "bangkok" / "2", place.releases / "bangkok" / "3")
    blob = next(place.snapshots.glob("blobs/*/*"))
    blob.chmod(0o644)
    blob.write_bytes(b"damaged")
    with pytest.raises(ConfigurationError, match="--replace"):
        restore(place, kept)
    assert later.exists() and blob.read_bytes() == b"damaged"
    restore(place, kept, replace=True)
    assert state_of(place) == state_of(city.job.settings)


def other_map(settings: Settings) -> None:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("update meta.map set map_id = 'songkhla'")


def somebodys_view(settings: Settings) -> None:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("create schema city")
        connection.execute("create view city.green as select * from onemap.parks")


def another_databases_release(settings: Settings) -> None:
    folder = settings.releases / "bangkok" / "7"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"database": "another"}')


@pytest.mark.parametrize(
    ("in_the_way", "replaced", "said"),
    [
        (other_map, True, "songkhla"),
        (somebodys_view, True, "city.green"),
        (another_databases_release, False, "release of another database"),
    ],
)
def test_what_is_somebodys_stays(
    kept: Path,
    place: Settings,
    in_the_way: Callable[[Settings], None],
    replaced: bool,
    said: str,
) -> None:
    if replaced:
        restore(place, kept)
    in_the_way(place)
    assert place.database_url is not None
    before = rows_of(place.database_url)
    with pytest.raises(ConfigurationError, match=said):
        restore(place, kept, replace=replaced)
    assert rows_of(place.database_url) == before


def test_a_schema_of_our_name_that_is_no_maps_stays(kept: Path, place: Settings) -> None:
    assert place.database_url is not None
    with psycopg.connect(place.database_url) as connection:
        connection.execute("create schema core create table theirs (a int)")
    with pytest.raises(ConfigurationError, match="core"):
        restore(place, kept, replace=True)
    assert "core.theirs" in rows_of(place.database_url)


def test_a_second_backup_shares_what_is_the_same(
    city: SmallCity, kept: Path, tmp_path: Path
) -> None:
    first = shutil.copytree(kept, tmp_path / "first")
    rotten = next(first.glob("snapshots/blobs/*/*"))
    rotten.chmod(0o644)
    rotten.write_bytes(b"x" * rotten.stat().st_size)
    second = backup(city.job.settings, "bangkok", tmp_path / "second")
    second.archive.verify()
    there = {path.stat().st_ino for path in first.rglob("*")}
    made = tmp_path / "second"
    shared = {name for name in second.archive.files if (made / name).stat().st_ino in there}
    blobs_and_releases = {
        name for name in second.archive.files if "/blobs/" in name or "/data/" in name
    }
    assert blobs_and_releases - shared == {rotten.relative_to(first).as_posix()}
    assert second.linked == sum(second.archive.files[name].size for name in shared)


def test_what_releases_share_is_kept_once_and_shared_again(
    city: SmallCity, kept: Path, place: Settings
) -> None:
    releases = city.job.settings.releases / "bangkok"
    names = sum(path.stat().st_size for path in releases.rglob("*") if path.is_file())
    assert stored(releases) < 0.8 * names
    assert stored(kept / "releases") == stored(releases)
    said = restore(place, kept).archive.counts["bytes"]
    assert stored(place.releases / "bangkok") <= stored(releases)
    assert said <= stored(kept) - (kept / MANIFEST).stat().st_size


def test_what_is_shared_is_kept_also_where_no_file_has_two_names(
    city: SmallCity, place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    backup(city.job.settings, "bangkok", tmp_path / "alone" / "made").archive.verify()
    restore(place, tmp_path / "alone" / "made")
    assert state_of(place) == state_of(city.job.settings)
    names = [path for path in place.releases.rglob("*") if path.is_file()]
    assert {path.stat().st_nlink for path in names} == {1}


def stored(folder: Path) -> int:
    """Bytes on the disk: of each file once, whatever names it has."""
    found = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum({(stat.st_dev, stat.st_ino): stat.st_size for stat in found}.values())


def test_what_was_lost_before_is_said(city: SmallCity, tmp_path: Path) -> None:
    home = shutil.copytree(city.job.settings.home, tmp_path / "home")
    settings = replace(city.job.settings, home=home)
    (parks, damaged, *_) = (settings.snapshots / "manifests" / "bangkok_parks").iterdir()
    damaged.write_text("{")
    lost = settings.snapshots / "blobs" / parks.stem[:2] / parks.stem
    lost.unlink()
    (settings.releases / "bangkok" / "1" / "style.json").write_text("{}")
    made = backup(settings, "bangkok", tmp_path / "made")
    assert len(made.missing) == 3 and "release 1" in made.missing
    assert all(any(name in told for told in made.missing) for name in (lost.name, damaged.stem))
    assert not (tmp_path / "made" / "releases" / "1").exists()
    made.archive.verify()


def test_without_the_current_release_nothing_is_kept(city: SmallCity, tmp_path: Path) -> None:
    home = shutil.copytree(city.job.settings.home, tmp_path / "home")
    next((home / "releases" / "bangkok" / "2").glob("**/*.pmtiles")).write_bytes(b"")
    with pytest.raises(ConfigurationError, match="release 2"):
        backup(replace(city.job.settings, home=home), "bangkok", tmp_path / "made" / "one")
    assert [*(tmp_path / "made").iterdir()] == []


@pytest.mark.parametrize("step", ["_keep_deliveries", "_keep_releases", "finish"])
def test_a_backup_that_fails_leaves_nothing(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backing_up, step, full)
    with pytest.raises(ConfigurationError, match="No space left"):
        backup(city.job.settings, "bangkok", tmp_path / "made" / "one")
    assert [*(tmp_path / "made").iterdir()] == []


def test_one_folder_is_filled_by_one_backup(tmp_path: Path) -> None:
    """Of two maps: nothing in their databases keeps them from each other."""
    with unfinished(tmp_path / "one", "sample") as place:
        (place.folder / "database.dump").write_bytes(b"half")
        with (
            pytest.raises(ConfigurationError, match="another backup"),
            unfinished(tmp_path / "one", "bangkok"),
        ):
            pass
        assert (place.folder / "database.dump").read_bytes() == b"half"


def test_a_folder_that_is_there_is_left_alone(city: SmallCity, kept: Path) -> None:
    before = files_of(kept)
    with pytest.raises(ConfigurationError, match="is there already"):
        backup(city.job.settings, "bangkok", kept)
    assert files_of(kept) == before


def test_a_backup_waits_for_a_prune_or_a_restore(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PATIENCE_SECONDS", 0)
    with keeping.alone(city.job.engine), pytest.raises(DatabaseBusy, match="another backup"):
        backup(city.job.settings, "bangkok", tmp_path / "one")
    backup(city.job.settings, "bangkok", tmp_path / "one")


def test_nobody_declares_while_a_database_is_dumped_or_restored(
    city: SmallCity, kept: Path, place: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column that came between the hash and the dump would make them differ."""
    free: list[bool] = []

    def ask(function: Callable[..., object], url: str, *rest: object) -> object:
        with psycopg.connect(url) as other:
            lock = other.execute("select pg_try_advisory_lock(hashtext('onemap preparation'))")
            free.extend(lock.fetchone() or ())
        return function(url, *rest)

    for name in ("dump", "load"):
        monkeypatch.setattr(dumping, name, partial(ask, getattr(dumping, name)))
    backup(city.job.settings, "bangkok", tmp_path / "one")
    restore(place, kept)
    assert free == [False, False]


def test_where_no_map_lives_nothing_is_made(place: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no map lives"):
        backup(place, "bangkok", tmp_path / "one")
    nowhere = Settings(project_folder(), tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="no map lives"):
        backup(nowhere, "bangkok", tmp_path / "one")
    assert not (tmp_path / "nowhere").exists() and not (tmp_path / "one").exists()


def test_no_argument_holds_a_password(tmp_path: Path) -> None:
    """Programs that write down what they are told, and what is in their environment."""
    for name in ("pg_dump", "pg_restore", "psql"):
        program = tmp_path / name
        told = f'{{ echo "$@"; echo "password=$PGPASSWORD"; }} > {tmp_path}/{name}.told'
        program.write_text(f"#!/bin/sh\n{told}\n[ {name} = psql ] && cat > /dev/null; exit 0\n")
        program.chmod(0o755)
    url = "postgresql://owner:se%20cret@db.example:5433/city?sslmode=require"
    tools = dumping.Programs(tmp_path, 15)
    dumping.dump(url, "00-1", tmp_path, tools)
    dumping.load(url, [tmp_path / "one"], tools)
    for name in ("pg_dump", "psql"):
        arguments, environment = (tmp_path / f"{name}.told").read_text().splitlines()
        assert "db.example" in arguments and "require" in arguments
        assert "se" + " cret" not in arguments
        assert environment == "password=se cret"
    with pytest.raises(GeoError, match="sslpassword"):
        dumping.dump(f"{url}&sslpassword=hidden", "00-1", tmp_path, tools)


def test_programs_are_as_new_as_the_server() -> None:
    installed = dumping._installed()
    assert dumping.programs(min(installed)).major == min(installed)
    with pytest.raises(GeoError, match="postgresql-client-99"):
        dumping.programs(99)


def test_a_restore_that_is_killed_commits_nothing(
    kept: Path, place: Settings, server: Server
) -> None:
    """Input that ends before the commit: what a killed process leaves to psql."""
    assert place.database_url is not None
    code = (
        "import os, sys; from pathlib import Path; from server import dumping\n"
        "from sql import statement\n"
        "dumping.statement = lambda n: statement(n) if 'begin' in n else os.kill(os.getpid(), 9)\n"
        "tools = dumping.programs(15)\n"
        "dumping.load(sys.argv[1], [Path(sys.argv[2]) / name for name in dumping.DUMPS], tools)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, place.database_url, str(kept)],
        cwd=project_folder(),
        check=False,
        timeout=60,
    )
    assert killed.returncode == -9
    idle = "select count(*) from pg_stat_activity where datname = 'place' and state <> 'idle'"
    with psycopg.connect(server.administrator, autocommit=True) as administrator:
        while administrator.execute(idle).fetchone() != (0,):
            pass
    assert keeping.schemas_in_the_way(open_engine(place.database_url)) == []
