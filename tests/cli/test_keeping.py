"""`onemap backup` and `restore` as they are called, and what a kill leaves of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from cli import keeping
from cli.diagnosis import database, machine, maps, readers, services
from flows.keeping.archive import open_archive
from geo.errors import BackupDamaged
from geo.settings import Settings, project_folder
from geo.store.database import open_engine
from geo.store.declare import prepare
from schemas.catalogue import load_catalogue
from schemas.models import Retention
from server.cluster import ensure_database
from tests.cli.conftest import Onemap, environment_of
from tests.elsewhere import Server, server_elsewhere
from tests.flows.kept import rows_of
from tests.warm import WarmProcess

YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
BYTES = 4_000_000
"""Of one row that does not compress, so that a backup takes a while."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A map that was declared and has a large row; nothing is published."""
    with server_elsewhere() as server:
        url = server.empty("city")
        settings = Settings(project_folder(), Path("/nowhere"), database_url=url)
        engine = open_engine(ensure_database(settings, "bangkok"))
        prepare(engine, load_catalogue().map_view("bangkok"))
        engine.dispose()
        with psycopg.connect(url) as connection:
            connection.execute(
                "update meta.agency set contact_role_th = %s", [os.urandom(BYTES).hex()]
            )
        yield server


def test_a_map_is_kept_and_comes_back(onemap: Onemap, server: Server, tmp_path: Path) -> None:
    city, other = server.url("city"), server.empty("other")
    folder = str(tmp_path / "kept")
    kept = onemap(
        "backup", folder, "--map", "bangkok", "--json", home=tmp_path, ONEMAP_DATABASE_URL=city
    )
    assert kept.returncode == 0, kept.stderr
    told = json.loads(kept.stdout)
    assert (told["map"], told["release"], told["missing"]) == ("bangkok", 0, [])
    back = onemap("restore", folder, "--lang", "th", home=tmp_path, ONEMAP_DATABASE_URL=other)
    assert back.returncode == 0 and "ค่าแฮชตรงกับชุดสำรอง" in back.stdout
    assert rows_of(other) == rows_of(city)
    again = onemap("restore", folder, home=tmp_path, ONEMAP_DATABASE_URL=other)
    assert again.returncode == os.EX_CONFIG and "--replace" in again.stderr
    there = onemap("backup", folder, "--map", "bangkok", home=tmp_path, ONEMAP_DATABASE_URL=city)
    assert there.returncode == os.EX_CONFIG and "is there already" in there.stderr


def test_what_is_no_backup_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("restore", str(tmp_path), home=tmp_path / "home")
    assert result.returncode == os.EX_DATAERR
    assert result.stderr.count("error:") == 1 and "no whole backup" in result.stderr
    assert not (tmp_path / "home").exists()


def test_a_killed_backup_leaves_nothing_that_looks_whole(
    onemap: Onemap, warm_onemap: WarmProcess, server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    environment = {"ONEMAP_HOME": str(tmp_path), "ONEMAP_DATABASE_URL": server.url("city")}
    for begun in ("", "database.dump"):
        place = tmp_path / ".kept.unfinished" / begun
        with open(os.devnull, "wb") as nothing:
            child = warm_onemap.popen(
                [sys.executable, "-m", "cli", "backup", str(folder), "--map", "bangkok"],
                stdin=subprocess.DEVNULL,
                stdout=nothing,
                stderr=nothing,
                env=environment_of(**environment),
                cwd=project_folder(),
                start_new_session=True,
            )
        while not place.exists():
            time.sleep(0.001)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(60)
        assert not folder.exists()
        for left in tmp_path.iterdir():
            with pytest.raises(BackupDamaged):
                open_archive(left)
    made = onemap(
        "backup", str(folder), "--map", "bangkok", home=tmp_path, **environment_of_map(server)
    )
    assert made.returncode == 0, made.stderr
    open_archive(folder).verify()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def environment_of_map(server: Server) -> dict[str, str]:
    return {"ONEMAP_DATABASE_URL": server.url("city")}


def lines_like(words: str, page: str) -> list[str]:
    """Lines of the page that a sentence of the commands may have made."""
    pattern = "".join(
        ".+" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", words)
    )
    return [line for line in page.splitlines() if re.fullmatch(pattern, line)]


def test_the_page_shows_what_the_commands_say() -> None:
    page = (project_folder() / "docs" / "operating.md").read_text("utf-8")
    for words in (keeping.KEPT, keeping.BACK, keeping.GONE):
        assert lines_like(words.en, page), words.en
    declared = next(
        iter(yaml.safe_load(block) for block in YAML.findall(page) if "retention" in block)
    )
    assert Retention.model_validate(declared["retention"]) == Retention()
    _, _, looked_at = page.partition("## Doctor")
    checks = re.findall(r"^(\S+(?: \S+)*)  +(?:ok|warn|bad)  ", looked_at, re.MULTILINE)
    assert sorted(checks) == sorted(known_checks())


def known_checks() -> set[str]:
    """Names under which the doctor's checks answer."""
    inside = (*database.CHECKS, *readers.CHECKS, *maps.CHECKS, *maps.PUBLISHED)
    functions = (*machine.CHECKS, *services.CHECKS, *inside)
    names = {check.__name__.replace("_", " ") for check in functions}
    return names - {"room", "interrupted"} | {"disk", "interrupted runs", "database"}
