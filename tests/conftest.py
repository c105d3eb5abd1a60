"""Fixtures that all tests share: a private PostgreSQL, and databases cloned from a migrated one.

Nothing here skips: without PostgreSQL and PostGIS the tests that need them fail with one line.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from geo.errors import GeoError
from geo.settings import Settings, project_folder
from geo.store.database import open_engine
from geo.store.migrate import migrate
from server import cluster as private_cluster

TEMPLATE = "template"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real agency files; skips without it, but not in CI."""
    folder = Path(os.environ.get("ONEMAP_SHARED") or project_folder().parent / "shared")
    if not (folder / "data").is_dir():
        message = f"no real agency files in {folder}/data (ONEMAP_SHARED names their folder)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder


@pytest.fixture(scope="session", autouse=True)
def unsafe_but_quick() -> Iterator[None]:
    """Clusters that this process starts do not wait for the disk; killing them stays safe."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(private_cluster.SERVER_SETTINGS, "fsync", "off")
        options = (*private_cluster.INITDB_OPTIONS, "--no-sync")
        patch.setattr(private_cluster, "INITDB_OPTIONS", options)
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Settings]:
    """Settings whose private cluster runs: one for the session, in a temporary state folder."""
    home = Path(tempfile.mkdtemp(prefix="onemap-tests-"))
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
def template(cluster: Settings) -> str:
    """Name of a migrated database that `database` clones."""
    engine = open_engine(private_cluster.ensure_database(cluster, TEMPLATE))
    migrate(engine)
    engine.dispose()
    return private_cluster.database_name(TEMPLATE)


@pytest.fixture
def database(cluster: Settings, template: str) -> Iterator[Callable[..., str]]:
    """Factory of migrated, empty databases: `database()` or `database("bangkok")` answers a URL.

    `database(map_id, role="onemap_web")` answers another role's URL of the same one. They are
    dropped after the test.
    """
    made: dict[str, None] = {}
    with psycopg.connect(_administrator(cluster), autocommit=True) as server:

        def make(map_id: str = "test", role: str = private_cluster.OWNER) -> str:
            name = private_cluster.database_name(map_id)
            if name not in made:
                made[name] = None
                clone = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
                server.execute(
                    clone.format(*map(sql.Identifier, (name, private_cluster.OWNER, template)))
                )
                private_cluster.ensure_database(cluster, map_id)  # a clone has no grants
            return private_cluster.url(cluster, map_id, role)

        yield make
        for name in made:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def _administrator(settings: Settings) -> str:
    """URL of the superuser's database; `url` speaks of maps alone."""
    owner = private_cluster.url(settings, TEMPLATE)
    return owner.replace("onemap@/onemap_template", "postgres@/postgres")
