"""`onemap doctor`: each check meets what it is there for."""

from __future__ import annotations

import json
import locale
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

import geo.read
import web.settings
from cli import doctor
from cli.diagnosis import database, machine, maps, readers, services
from cli.diagnosis.finding import Finding, State, Subject
from geo.settings import Settings, project_folder
from geo.states import Sandbox
from geo.store.database import open_engine
from geo.store.declare import prepare
from schemas.catalogue import load_catalogue
from server.cluster import ensure_database
from tests.cli.conftest import Onemap
from tests.elsewhere import Server, server_elsewhere


def subject_of(folder: Path, map_id: str = "bangkok", **changes: object) -> Subject:
    return Subject(replace(Settings(project_folder(), folder), **changes), map_id)  # type: ignore[arg-type]


@pytest.fixture
def here(tmp_path: Path) -> Subject:
    """A state folder in which nothing happened yet."""
    return subject_of(tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_elsewhere() as server:
        server.empty("city")
        settings = Settings(project_folder(), Path("/nowhere"), database_url=server.url("city"))
        engine = open_engine(ensure_database(settings, "bangkok"))
        prepare(engine, load_catalogue().map_view("bangkok"))
        engine.dispose()
        yield server


@pytest.fixture
def lived(server: Server, tmp_path: Path) -> Subject:
    """A map that lives on a server; a test that changes it changes it back."""
    return subject_of(tmp_path, database_url=server.url("city"))


def said(finding: Finding, state: State, words: str) -> None:
    """What a check found, in both languages, and what to do unless all is well."""
    assert finding.state is state, finding
    assert words in finding.words.en
    assert finding.words.th
    assert (finding.advice is None) == (state is State.ok)


def test_a_sound_machine_is_well(here: Subject) -> None:
    findings = [check(here) for check in machine.CHECKS]
    worst = {finding.name for finding in findings if finding.state is State.bad}
    assert worst == set()
    words = " ".join(finding.words.en for finding in findings)
    assert all(name in words for name in ("One Map 0", "GDAL 3", "PROJ 9", "GEOS 3", "GB free"))


def test_an_old_python_is_bad(here: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PYTHON", (9, 0))
    said(machine.versions(here), State.bad, "Python 3")


def test_a_broken_library_is_bad(here: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LIBRARIES", "import gdal_that_is_not_there")
    said(machine.libraries(here), State.bad, "gdal_that_is_not_there")


@pytest.mark.parametrize(
    ("lock", "state", "words"),
    [
        (f"numpy=={version('numpy')} \\\n    --hash=sha256:00\n", State.ok, "as in"),
        ("numpy==0.0.1\nnot-installed==1\n", State.warn, "2 differ from the lock: numpy, not-"),
        (None, State.ok, "no lock"),
    ],
)
def test_packages_are_those_of_the_lock(
    here: Subject,
    monkeypatch: pytest.MonkeyPatch,
    lock: str | None,
    state: State,
    words: str,
) -> None:
    monkeypatch.setattr(machine, "LOCK", here.settings.home / "requirements.lock")
    if lock:
        machine.LOCK.write_text(lock)
    said(machine.packages(here), state, words)


def test_a_missing_wall_is_bad(here: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    stood = geo.read.walls().sandbox
    fields = {"landlock_abi": 0} if "landlock_abi" in Sandbox.model_fields else {}
    monkeypatch.setattr(geo.read, "_standing", lambda: stood.model_copy(update=fields))
    said(machine.walls(here), State.bad, "Landlock")


def test_a_state_folder_that_cannot_be_written_is_bad() -> None:
    said(machine.state_folder(subject_of(Path("/proc/onemap"))), State.bad, "/proc/onemap")


@pytest.mark.parametrize(("free", "state"), [(1 << 20, State.bad), (1 << 30, State.warn)])
def test_a_disk_without_room_is_said(
    here: Subject, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    said(machine.room(here), state, "GB free")


def test_a_system_without_thai_letters_is_said(
    here: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "ISO-8859-1")
    said(machine.language(here), State.warn, "ISO-8859-1")


def test_a_map_page_without_packages_is_bad(
    here: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maplibre-gl/dist").mkdir(parents=True)
    monkeypatch.setattr(web.settings, "PACKAGES", tmp_path)
    said(machine.viewer(here), State.bad, "maplibre-gl/dist, ")


class Prefect(BaseHTTPRequestHandler):
    """A server that says which version it is, to who knows the password."""

    answers = "0"

    def do_GET(self) -> None:
        version_asked = self.path.endswith("/admin/version")
        welcome = not version_asked or self.headers.get("Authorization") == "Basic YTpi"
        self.send_response(200 if welcome else 401)
        self.end_headers()
        self.wfile.write(json.dumps(type(self).answers).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("answers", "login", "state", "words"),
    [
        (version("prefect"), "a:b", State.ok, "server and client"),
        ("2.0.1", "a:b", State.bad, "server 2.0.1"),
        ("2.0.1", "", State.bad, "401"),
    ],
)
def test_prefects_server_is_of_the_clients_version(
    here: Subject,
    monkeypatch: pytest.MonkeyPatch,
    answers: str,
    login: str,
    state: State,
    words: str,
) -> None:
    monkeypatch.setattr(Prefect, "answers", answers)
    with HTTPServer(("127.0.0.1", 0), Prefect) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{listener.server_port}/api")
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", login)
        (finding,) = doctor.ask(here, [services.prefect])
        listener.shutdown()
    said(finding, state, words)


def test_a_prefect_server_that_is_away_is_bad_and_none_is_needed(
    here: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://somebody:secret@127.0.0.1:1/api")
    (finding,) = doctor.ask(here, [services.prefect])
    said(finding, State.bad, "no answer from http://127.0.0.1:1/api")
    assert finding.advice and "start it" in finding.advice.en
    assert "secret" not in finding.words.en
    monkeypatch.delenv("PREFECT_API_URL")
    said(services.prefect(here), State.ok, "needs none")


def test_declarations_with_a_finding_are_bad(
    here: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(maps.declarations(here), State.ok, "in order")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "broken.yaml").write_text("id: [")
    monkeypatch.setenv("ONEMAP_DECLARATIONS", str(tmp_path))
    said(maps.declarations(here), State.bad, "broken.yaml")


def test_drops_that_are_not_there_are_said(tmp_path: Path) -> None:
    said(maps.drops(subject_of(tmp_path)), State.warn, str(tmp_path / "drops"))
    delivered = tmp_path / "delivered"
    delivered.mkdir()
    said(maps.drops(subject_of(tmp_path, delivered=delivered)), State.ok, str(delivered))
    said(maps.drops(subject_of(tmp_path, "sample")), State.ok, "its own")


def test_a_cluster_that_is_not_there_or_rests_is_no_fault(here: Subject) -> None:
    said(database.reachable(here), State.warn, "no database yet")
    assert not (here.settings.home / "cluster").exists(), "looking makes nothing"


def test_a_database_that_is_away_is_bad(tmp_path: Path) -> None:
    away = "postgresql://owner:secret@127.0.0.1:1/city"
    finding = database.reachable(subject_of(tmp_path, database_url=away))
    said(finding, State.bad, "127.0.0.1:1")
    assert finding.advice and "secret" not in finding.words.en + finding.words.th


def test_an_old_server_is_said(lived: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    said(database.reachable(lived), State.ok, "PostgreSQL 1")
    monkeypatch.setattr(database, "OLDEST", 99)
    said(database.reachable(lived), State.warn, "PostgreSQL 1")


def test_a_sound_database_is_well(lived: Subject) -> None:
    for check in (*database.CHECKS, *readers.CHECKS, *maps.PUBLISHED):
        assert check(lived).state is State.ok, check(lived)


Changed = Callable[[Server, str], None]


def change(server: Server, statement: str) -> None:
    with psycopg.connect(server.url("city", "postgres"), autocommit=True) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("check", "harm", "mended", "state", "words"),
    [
        (
            database.extensions,
            "drop extension pg_trgm cascade",
            "create extension pg_trgm schema public",
            State.bad,
            "lacks pg_trgm",
        ),
        (
            database.migrations,
            "update meta.migration set name = 'x' || name where name ~ '^0010'",
            "update meta.migration set name = ltrim(name, 'x')",
            State.warn,
            "0010_retention.sql",
        ),
        (
            database.interrupted,
            "insert into meta.run (source_id, layer_id) values ('bangkok_parks', 'parks')",
            "delete from meta.run",
            State.warn,
            "(bangkok_parks)",
        ),
        (
            readers.roles,
            "alter role onemap_web createrole",
            "alter role onemap_web nocreaterole",
            State.bad,
            "onemap_web has rights",
        ),
        (
            readers.roles,
            "alter role onemap_planner rename to somebody",
            "alter role somebody rename to onemap_planner",
            State.bad,
            "no role onemap_planner",
        ),
        (
            readers.rights,
            "grant usage on schema core to onemap_web",
            "revoke usage on schema core from onemap_web",
            State.bad,
            "onemap_web: usage on schema core",
        ),
        (
            readers.rights,
            "grant create on schema public to public",
            "revoke create on schema public from public",
            State.bad,
            "create on schema public",
        ),
        (
            readers.rights,
            "grant update on onemap.parks to onemap_planner",
            "revoke update on onemap.parks from onemap_planner",
            State.bad,
            "onemap_planner: update on onemap.parks",
        ),
    ],
)
def test_what_is_wrong_in_a_database_is_said(
    server: Server,
    lived: Subject,
    check: Callable[[Subject], Finding],
    harm: str,
    mended: str,
    state: State,
    words: str,
) -> None:
    change(server, harm)
    try:
        said(check(lived), state, words)
    finally:
        change(server, mended)
    assert check(lived).state is State.ok


def test_a_clock_that_is_wrong_is_said(lived: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    late = SimpleNamespace(now=lambda zone: datetime.now(zone) - timedelta(hours=1))
    monkeypatch.setattr(database, "datetime", late)
    said(database.clock(lived), State.warn, "3,600.0 s")


def test_a_release_without_its_files_is_bad(server: Server, lived: Subject) -> None:
    manifest = {"files": {"style": {"path": "style.json", "sha256": "", "bytes": 1}}}
    change(server, "update meta.pointer set release = 1")
    row = f"insert into meta.release values (1, now(), '{json.dumps(manifest)}')"
    change(server, row)
    folder = lived.settings.releases / "bangkok" / "1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").touch()
    try:
        said(maps.release(lived), State.bad, "release 1 lacks style.json")
        (folder / "style.json").touch()
        said(maps.release(lived), State.ok, "whole")
    finally:
        change(server, "delete from meta.release")
        change(server, "update meta.pointer set release = 0")


def test_a_check_that_fails_itself_is_bad(here: Subject) -> None:
    def curious(_: Subject) -> Finding:
        raise RuntimeError("it\nbroke")

    (finding,) = doctor.ask(here, [curious])
    assert finding.name == "curious"
    said(finding, State.bad, "it broke")


def test_it_says_what_it_found_and_exits_with_the_worst(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("doctor", "--json", home=tmp_path)
    rows = json.loads(result.stdout)
    found = {row["check"]: row["state"] for row in rows}
    assert found["database"] == "warn" and found["walls"] == "ok"
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert {"th", "en"} == rows[0]["found"].keys()
    away = {"ONEMAP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}
    result = onemap("doctor", "--lang", "th", home=tmp_path, **away)
    assert result.returncode == 2 and "ไม่ดี" in result.stdout
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
