"""Fixtures that all tests share: a private PostgreSQL, and databases cloned from a migrated one.

Nothing here skips: without PostgreSQL and PostGIS the tests that need them fail with one line.
"""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from geo.errors import GeoError
from geo.reader import drivers
from geo.reading import child
from geo.settings import Settings, project_folder
from geo.store.database import open_engine
from geo.store.declare import prepare
from geo.store.migrate import migrate
from schemas.catalogue import MapView
from schemas.project import VARIABLE
from server import cluster as private_cluster
from server.postgres import Account, Place
from server.provision import Wanted, provision
from tests.warm import warm_process

if TYPE_CHECKING:
    from flows.job import Job, RefreshResult

TEMPLATE = "template"
WHOLE_MAPS = frozenset({"sample_map", "bangkok_map"})
"""Fixtures that take a whole map in, once for the session: all who look at one share a worker."""
MOST_NAMED_BYTES = 60
MEMORY_BYTES = 4 << 30
WARM_READER = (
    *("numpy", "pyarrow", "pyarrow.csv", "pyarrow.ipc", "pyarrow.compute"),
    "geo.reader.delivery",
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests wait for databases and browsers."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """What a city declares on this machine is not under test; and Prefect keeps its own in a folder
    of these tests, and tells its makers nothing. Workers of xdist have their starter's folder.
    """
    os.environ.pop(VARIABLE, None)
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="onemap-tests-prefect-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ.update(PREFECT_HOME=folder, DO_NOT_TRACK="1")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one dear fixture stay in one worker; what is slow starts first."""
    for item in items:
        group = _group(item)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: rubbish is looked for beside it alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Files are not named by their bytes: a zip holds the time, and workers must agree."""
    return argname if isinstance(val, bytes) and len(val) > MOST_NAMED_BYTES else None


def _group(item: pytest.Item) -> str | None:
    """The whole map that the test looks at, the module whose own fixture it shares, or the folder
    whose session's it shares."""
    named = item._fixtureinfo.name2fixturedefs
    if whole := WHOLE_MAPS & named.keys():
        return min(whole)
    fixtures = named.values()
    scopes = {(used.scope, used.baseid) for definitions in fixtures for used in definitions}
    for wanted in ("module", "session"):
        found = sorted(place for scope, place in scopes if scope == wanted and "/" in place)
        if found:
            return found[-1]
    return None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real agency files; skips without it, but not in CI."""
    folder = Path(os.environ.get("ONEMAP_SHARED") or project_folder().parent / "shared")
    if not (folder / "data").is_dir():
        message = f"no real agency files in {folder}/data (ONEMAP_SHARED names their folder)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder


@pytest.fixture(scope="session", autouse=True)
def unsafe_but_quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clusters that this process starts do not wait for the disk; killing them stays safe.

    The first one's empty data are copied for those after it.
    """
    initialise, empty = private_cluster._initialise, tmp_path_factory.mktemp("cluster") / "data"

    def copy(place: Place) -> None:
        if os.access(empty, os.R_OK):  # another user of the system makes his own
            _copy_owned(empty, place.data, place.account)
            return
        initialise(place)
        if os.access(empty.parent, os.W_OK):
            shutil.copytree(place.data, empty)

    with pytest.MonkeyPatch.context() as patch:
        for setting in ("fsync", "full_page_writes"):
            patch.setitem(private_cluster.SERVER_SETTINGS, setting, "off")
        patch.setitem(private_cluster.SERVER_SETTINGS, "max_wal_size", "256MB")
        # Each connection would load it anew: as long as all else that most of them do.
        patch.setitem(private_cluster.SERVER_SETTINGS, "shared_preload_libraries", "postgis-3")
        options = (*private_cluster.INITDB_OPTIONS, "--no-sync")
        patch.setattr(private_cluster, "INITDB_OPTIONS", options)
        patch.setattr(private_cluster, "_initialise", copy)
        yield


def quick_folder() -> Path:
    """Where clusters of tests lie: in memory if there is room; a clone is ten times as quick."""
    memory = Path("/dev/shm")  # 64 MB in many containers
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES
    return memory if roomy else Path(tempfile.gettempdir())


def _copy_owned(source: Path, target: Path, account: Account) -> None:
    shutil.copytree(source, target)
    for path in (target, *target.rglob("*")):
        os.chown(path, account.uid, account.gid)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Settings]:
    """Settings whose private cluster runs: one for the session, in a temporary state folder."""
    home = Path(tempfile.mkdtemp(prefix="onemap-tests-", dir=quick_folder()))
    home.chmod(0o711)  # root's tests run the server as another user, who must pass through
    settings = Settings(project=project_folder(), home=home)
    try:
        private_cluster.start(settings)
    except GeoError as error:
        shutil.rmtree(home, ignore_errors=True)
        pytest.fail(f"the database tests need a PostgreSQL: {error}", pytrace=False)
    yield settings
    private_cluster.reset(settings, confirmed=True)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template_of(cluster: Settings) -> Callable[[MapView | None], str]:
    """Names of databases that `database` clones: migrated, and declared if a map is given.

    Each is made once for the session.
    """

    made: dict[str, str] = {}

    def make(view: MapView | None) -> str:
        state = f"{TEMPLATE}_{_fingerprint(view)}" if view else TEMPLATE
        if state not in made:
            engine = open_engine(private_cluster.ensure_database(cluster, state))
            prepare(engine, view) if view else migrate(engine)
            engine.dispose()
            made[state] = private_cluster.database_name(state)
        return made[state]

    return make


@pytest.fixture(scope="session")
def template(template_of: Callable[[MapView | None], str]) -> str:
    """Name of the migrated database."""
    return template_of(None)


@pytest.fixture
def database(
    cluster: Settings, template_of: Callable[[MapView | None], str]
) -> Iterator[Callable[..., str]]:
    """Factory of migrated, empty databases: `database()` or `database("bangkok")` answers a URL.

    `database(map_id, view=view)` makes one that is declared already: declaring takes longer than
    cloning. `database(map_id, role="onemap_web")` answers another role's URL of the same one. They
    are dropped after the test.
    """
    with _databases(cluster, template_of) as make:
        yield make


@pytest.fixture(scope="module")
def lasting_database(
    cluster: Settings, template_of: Callable[[MapView | None], str]
) -> Iterator[Callable[..., str]]:
    """The same for a module whose tests only look; `test` is the other's, so name yours."""
    with _databases(cluster, template_of) as make:
        yield make


@contextmanager
def _databases(
    cluster: Settings, template_of: Callable[[MapView | None], str]
) -> Iterator[Callable[..., str]]:
    made: list[str] = []
    with psycopg.connect(_administrator(cluster), autocommit=True) as server:

        def make(
            map_id: str = "test", role: str = private_cluster.OWNER, view: MapView | None = None
        ) -> str:
            name = private_cluster.database_name(map_id)
            if name not in made:
                _clone(server, name, template_of(view))
                made.append(name)
                administrator = _administrator(cluster)  # a clone has no grants
                inside = administrator.replace("@/postgres", f"@/{name}")
                provision(inside, administrator, Wanted(name, private_cluster.OWNER, closed=True))
            return private_cluster.url(cluster, map_id, role)

        yield make
        for name in made:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def _clone(server: psycopg.Connection, name: str, template: str) -> None:
    """A new database; one that a module's own run left behind is in nobody's use."""
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    clone = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
    names = (name, private_cluster.OWNER, template)
    server.execute(clone.format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def forked_reader() -> Iterator[Callable[..., object]]:
    """`Popen` of reading children. GDAL is not warm: it looks at its environment when loaded."""
    sealed = drivers.environment("csv", "/nonexistent")
    with warm_process(WARM_READER, sealed, ["-X", "utf8"]) as reader:
        yield reader.popen


@pytest.fixture(scope="module")
def quick_reader(forked_reader: Callable[..., object]) -> Iterator[None]:
    """Deliveries are read by children that are forked and not started: some times as quick.

    For tests of what is read; those of the walls, the clock and the limits start real ones.
    """
    with reading_by(forked_reader):
        yield


@contextmanager
def reading_by(popen: Callable[..., object]) -> Iterator[None]:
    """Reading children are started with `popen`."""
    with pytest.MonkeyPatch.context() as patch:
        changed = SimpleNamespace(**vars(subprocess) | {"Popen": popen})
        patch.setattr(child, "subprocess", changed)
        yield


@pytest.fixture(scope="session")
def take_in(
    cluster: Settings, forked_reader: Callable[..., object]
) -> Iterator[Callable[[str, Path], tuple[Job, RefreshResult]]]:
    """Takes a whole map in, from drop to published release."""
    from flows.opening import open_job  # a second, in each run of a unit test
    from flows.pipeline import refresh

    with ExitStack() as opened:

        def make(map_id: str, drops: Path) -> tuple[Job, RefreshResult]:
            job = open_job(cluster, map_id, drops)
            opened.callback(job.engine.dispose)
            with reading_by(forked_reader):
                return job, refresh(job)

        yield make


@pytest.fixture(scope="session")
def sample_map(
    take_in: Callable[[str, Path], tuple[Job, RefreshResult]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Job, RefreshResult]:
    """The embedded sample as published; tests only look, and leave it as it is."""
    from samples import generate

    drops = tmp_path_factory.mktemp("sample")
    generate(drops)
    return take_in("sample", drops)


@pytest.fixture(scope="session")
def bangkok_map(
    take_in: Callable[[str, Path], tuple[Job, RefreshResult]], shared: Path
) -> tuple[Job, RefreshResult]:
    """The real map of Bangkok as published, likewise."""
    return take_in("bangkok", shared / "data")


def _fingerprint(view: MapView) -> str:
    return hashlib.sha256(repr(view).encode()).hexdigest()[:12]


def _administrator(settings: Settings) -> str:
    """URL of the superuser's database; `url` speaks of maps alone."""
    owner = private_cluster.url(settings, TEMPLATE)
    return owner.replace("onemap@/onemap_template", "postgres@/postgres")
