"""A PostgreSQL of somebody's: databases that are there already, and an owner who makes none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from geo.settings import Settings, project_folder
from server import cluster as private_cluster
from server.provision import Wanted, provision
from tests.conftest import quick_folder


class Server:
    """A server of somebody's, where the owner of the maps is no superuser and makes no database."""

    def __init__(self, settings: Settings) -> None:
        private_cluster.ensure_database(settings, "first")  # the roles are there with it
        self._owner = private_cluster.url(settings, "first")
        self.administrator = self._owner.replace("onemap@/onemap_first", "postgres@/postgres")

    def url(self, name: str, role: str = "onemap") -> str:
        """Address of a database for a role."""
        return self._owner.replace("onemap@/onemap_first", f"{role}@/{name}")

    def empty(self, name: str, owner: str = "onemap") -> str:
        """A new database with nothing of ours in it; its owner's address."""
        self.do("drop database if exists {} with (force)", name)
        inside = self.url(name, "postgres")
        provision(inside, self.administrator, Wanted(name, owner, closed=True))
        return self.url(name, owner)

    def do(self, statement: str, *names: str) -> None:
        """Something that its administrator does."""
        with psycopg.connect(self.administrator, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def server_elsewhere() -> Iterator[Server]:
    """One that is started, and removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="onemap-elsewhere-", dir=quick_folder()))
    home.chmod(0o711)
    settings = Settings(project=project_folder(), home=home)
    private_cluster.start(settings)
    yield Server(settings)
    private_cluster.reset(settings, confirmed=True)
    shutil.rmtree(home)
