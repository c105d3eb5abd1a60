"""The private cluster survives what happens to it, and touches nothing but its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from geo.errors import ClusterError, ConfigurationError, DatabaseUnreachable, MissingProgram
from geo.settings import Settings, project_folder
from server import cluster as private
from server import postgres
from tests.conftest import quick_folder

pytestmark = pytest.mark.slow

START = (
    "import sys; from pathlib import Path; from server import cluster; from geo.settings import *\n"
)
START += "s = cluster.start(Settings(Path.cwd(), Path(sys.argv[1]))); print(s.pid, s.found)"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")
MakeSettings = Callable[..., Settings]


@contextmanager
def _empty_home(below: str = "") -> Iterator[Settings]:
    base = Path(tempfile.mkdtemp(prefix="onemap-tests-", dir=quick_folder()))
    base.chmod(0o711)
    settings = Settings(project=project_folder(), home=base / below)
    yield settings
    private.reset(settings, confirmed=True)
    shutil.rmtree(base)


@pytest.fixture(scope="module")
def made_once() -> Iterator[Settings]:
    with _empty_home() as settings:
        yield settings


@pytest.fixture
def own(made_once: Settings) -> Settings:
    """A stopped cluster of this module, to be maltreated."""
    private.stop(made_once)
    return made_once


@pytest.fixture
def new() -> Iterator[MakeSettings]:
    """Factory of settings with an empty state folder, `below` a path in it if given."""
    with ExitStack() as homes:
        yield lambda below="": homes.enter_context(_empty_home(below))


def test_a_second_start_finds_the_first(own: Settings) -> None:
    first, second = private.start(own), private.start(own)
    assert (first.running, first.found) == (True, False)
    assert (second.running, second.found, second.pid) == (True, True, first.pid)
    assert private.status(own).pid == first.pid
    assert not private.stop(own).running
    assert not private.stop(own).running


def test_nobody_else_reaches_it(cluster: Settings) -> None:
    status = private.status(cluster)
    for folder in (status.folder, status.socket, status.folder / "data"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert status.folder.stat().st_uid != 0, "PostgreSQL never runs as root"
    with psycopg.connect(_as(cluster, "postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_starts_at_once_make_one_server(new: MakeSettings) -> None:
    settings = new()
    starts = [_start_in_a_process(settings) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0].split() for process in starts]
    assert len({pid for pid, _ in answers}) == 1
    assert sorted(found for _, found in answers) == ["False", "True", "True"]
    with psycopg.connect(_as(settings, "postgres")) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",), "tests alone go without"


def test_a_killed_caller_leaves_the_server_running(own: Settings) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", f"{START}; import os; os.kill(0, 9)", str(own.home)],
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    caller.communicate(timeout=60)
    assert caller.returncode == -signal.SIGKILL
    time.sleep(0.2)
    assert private.start(own).found


def test_a_killed_server_starts_again_with_what_was_committed(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "ORPHAN_SECONDS", 0.5)
    url = private.ensure_database(own, "sample")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    busy = subprocess.Popen(
        ["psql", url, "-c", "SELECT count(*) FROM generate_series(1, 1e12)"],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.5)
    _kill_server(own)
    assert not private.status(own).running
    restarted = private.start(own)  # ends the backend that still computes
    assert restarted.running and not restarted.found
    busy.wait(timeout=10)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_server_killed_in_the_middle_of_a_load_starts_again(own: Settings) -> None:
    url = private.ensure_database(own, "sample")
    with psycopg.connect(url, autocommit=True) as other, closing(psycopg.connect(url)) as load:
        other.execute("CREATE UNLOGGED TABLE staged AS SELECT 1 AS row")
        load.execute("TRUNCATE staged")  # a new file, of which only its making will be remembered
        other.execute("CREATE TABLE meanwhile AS SELECT 42 AS answer")
        _kill_server(own)
    assert private.start(own).running
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM staged").fetchone() == (0,)
        assert connection.execute("SELECT answer FROM meanwhile").fetchone() == (42,)


def test_a_stale_lock_file_that_names_a_living_stranger_is_seen_through(own: Settings) -> None:
    private.start(own)
    _kill_server(own)
    lock_file = private.status(own).folder / "data" / "postmaster.pid"
    lines = lock_file.read_text().splitlines(keepends=True)
    lock_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    assert not private.status(own).running
    assert private.start(own).pid not in (None, os.getpid())


def test_a_server_without_its_socket_is_named_and_can_be_stopped(own: Settings) -> None:
    started = private.start(own)
    for file in started.socket.iterdir():
        file.unlink()
    with pytest.raises(ClusterError, match="onemap db stop"):
        private.start(own)
    assert not private.stop(own).running


def test_a_server_that_cannot_start_shows_its_log(own: Settings) -> None:
    folder = private.start(own).folder
    private.stop(own)
    configuration = folder / "data" / "postgresql.auto.conf"
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(ClusterError) as caught:
        private.start(own)
    configuration.write_text("")
    assert "no_such_setting" in caught.value.log


@pytest.mark.parametrize("below", ["x" * 120, "กรุงเทพ %41 'one' map"])
def test_a_path_that_no_socket_can_have_gets_one_elsewhere(new: MakeSettings, below: str) -> None:
    settings = new(below)
    status = private.start(settings)
    assert status.folder == settings.home / "cluster"
    assert len(os.fsencode(status.socket)) <= postgres.SOCKET_FOLDER_BYTES
    assert stat.S_IMODE(status.socket.stat().st_mode) == 0o700
    url = private.url(settings, "sample").replace("onemap@/onemap_sample", "postgres@/postgres")
    asked = subprocess.run(
        ["psql", url, "-Atc", "SELECT current_user"], capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == "postgres"
    private.reset(settings, confirmed=True)
    assert not status.socket.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(new: MakeSettings) -> None:
    settings = new("x" * 120)
    socket = private.status(settings).socket
    socket.mkdir()
    socket.chmod(0o777)
    with pytest.raises(ClusterError, match=str(socket)):
        private.start(settings)
    socket.rmdir()


@needs_root
def test_a_project_that_the_servers_user_cannot_enter(new: MakeSettings) -> None:
    settings = new("state")
    settings.home.parent.chmod(0o700)
    status = private.start(settings)
    assert status.folder.parent == postgres.OUTSIDE
    assert status.notice is not None and str(status.folder) in status.notice
    settings.home.parent.chmod(0o755)
    assert private.start(settings).pid == status.pid, "it is found where it was made"
    private.reset(settings, confirmed=True)
    assert not list(status.folder.glob("data*"))
    shutil.rmtree(status.folder)


@needs_root
def test_the_servers_user_passes_through_folders_that_root_makes(new: MakeSettings) -> None:
    settings = new("made/by/root")
    before = os.umask(0o077)
    try:
        status = private.start(settings)
    finally:
        os.umask(before)
    assert status.running
    assert status.folder == settings.home / "cluster"


@needs_root
def test_another_users_cluster_is_refused_by_name(own: Settings) -> None:
    private.start(own)
    assert "belongs to user postgres" in _start_as_nobody(own)


@needs_root
def test_root_runs_a_users_cluster_as_that_user(new: MakeSettings) -> None:
    settings = new("state")
    nobody = pwd.getpwnam("nobody")
    os.chown(settings.home.parent, nobody.pw_uid, nobody.pw_gid)
    assert _start_as_nobody(settings) == "started"
    status = private.start(settings)
    assert (status.found, status.user) == (True, "nobody")
    private.stop(settings)
    assert private.start(settings).user == "nobody"


def test_reset_removes_the_data_once_it_is_confirmed(new: MakeSettings) -> None:
    settings = new()
    private.start(settings)
    with pytest.raises(ConfigurationError):
        private.reset(settings, confirmed=False)
    assert private.status(settings).running
    published, delivered = settings.releases / "sample" / "1", settings.snapshots / "blobs"
    published.mkdir(parents=True)
    delivered.mkdir(parents=True)
    assert not private.reset(settings, confirmed=True).running
    assert not (private.status(settings).folder / "data").exists()
    assert not settings.releases.exists(), "no reader is sent to a release without its database"
    assert delivered.exists()


def test_missing_programs_are_named_with_the_command_that_installs_them(
    new: MakeSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "PROGRAMS", tmp_path)
    with pytest.raises(MissingProgram, match="apt-get install postgresql"):
        private.start(new())


def test_sqlalchemy_opens_the_url(database: Callable[..., str]) -> None:
    engine = create_engine(make_url(database()).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        area = connection.execute(text("SELECT ST_Area(ST_MakeEnvelope(0, 0, 2, 3, 4326))"))
        assert area.scalar_one() == 6
    engine.dispose()


def test_the_owner_is_no_superuser(database: Callable[..., str]) -> None:
    with psycopg.connect(database()) as connection:
        connection.execute("CREATE SCHEMA own")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE another")


@pytest.mark.parametrize("role", ["onemap_planner", "onemap_web"])
def test_readers_may_do_nothing_else(database: Callable[..., str], role: str) -> None:
    attempts: list[LiteralString] = [
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (x int)",
        "SELECT pg_sleep(0)",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT pg_advisory_lock(1)",
        "SELECT lo_create(0)",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE onemap",
    ]
    with psycopg.connect(database(role=role), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for attempt in attempts:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)


def test_readers_enter_the_maps_alone(cluster: Settings, database: Callable[..., str]) -> None:
    database()
    for name in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            psycopg.connect(_as(cluster, "onemap_web", name))


def test_the_web_role_does_not_wait_for_ever(database: Callable[..., str]) -> None:
    with psycopg.connect(database(role="onemap_web")) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("10s",)
        assert connection.execute("SHOW lock_timeout").fetchone() == ("2s",)


def test_a_configured_server_is_prepared_as_far_as_its_role_may(cluster: Settings) -> None:
    with psycopg.connect(_as(cluster, "postgres"), autocommit=True) as administrator:
        administrator.execute("CREATE ROLE gis LOGIN CREATEDB CREATEROLE")
        administrator.execute("GRANT CONNECT ON DATABASE postgres TO gis")
    configured = replace(
        _configured(_as(cluster, "gis").replace("/postgres?", "/?")),
        web_database_url=_as(cluster, "onemap_web").replace("/postgres?", "/?"),
    )
    with pytest.raises(ConfigurationError, match=r"CREATE EXTENSION .* postgis") as caught:
        private.ensure_database(configured, "external")
    with psycopg.connect(_as(cluster, "postgres", "onemap_external")) as administrator:
        administrator.execute(str(caught.value).partition("Refused was: ")[2])
    url = private.ensure_database(configured, "external")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("gis",)
        assert connection.execute("SELECT ST_SRID(ST_Point(0, 0, 4326))").fetchone() == (4326,)
    with psycopg.connect(private.database_url(configured, "external", "onemap_web")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("onemap_web",)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    settings = _configured("postgresql://gis:s3cret@localhost:1/")
    with pytest.raises(DatabaseUnreachable) as caught:
        private.ensure_database(settings, "sample")
    assert "localhost:1/onemap_sample" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def _start_in_a_process(settings: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(settings.home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project_folder())


def _start_as_nobody(settings: Settings) -> str:
    """Start in a forked process of another user, who need not be able to run this Python."""
    nobody = pwd.getpwnam("nobody")
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            private.start(settings)
            os.write(writer, b"started")
        except BaseException as error:  # noqa: BLE001 - told to the parent
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader) as answer:
        return answer.read()


def _kill_server(settings: Settings) -> None:
    pid = private.status(settings).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)


def _as(settings: Settings, role: str, database: str = "postgres") -> str:
    """URL of a database that is no map's."""
    url = make_url(private.url(settings, "sample", role)).set(database=database)
    return url.render_as_string()


def _configured(url: str) -> Settings:
    return Settings(project=project_folder(), home=project_folder(), database_url=url)
