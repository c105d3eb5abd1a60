"""A served small city: a real migrated database, a release folder, and an HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from psycopg import sql

from geo.settings import Settings
from server import cluster as private_cluster
from tests.web.small_city import Rows, city_view, load_city, publish_city
from web.serve import server_config
from web.settings import WebSettings

MAP = "web_test"


@dataclass(frozen=True)
class City:
    """What the tests know to be true of what is served."""

    owner_url: str
    settings: WebSettings
    rows: dict[str, Rows]
    manifest: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.settings.releases / "1"

    def row(self, layer: str, **wanted: Any) -> dict[str, Any]:
        """The first row of a layer with these values."""
        rows = self.rows[layer].rows
        return next(row for row in rows if wanted.items() <= row.items())


@pytest.fixture(scope="session")
def city(
    cluster: Settings, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    name = private_cluster.database_name(MAP)
    owner_url = private_cluster.url(cluster, MAP)
    server_url = owner_url.replace("onemap@/" + name, "postgres@/postgres")
    clone = sql.SQL("create database {} owner {} template {}")
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(clone.format(*map(sql.Identifier, (name, private_cluster.OWNER, template))))
    private_cluster.ensure_database(cluster, MAP)  # a clone has no grants
    view = city_view()
    rows = load_city(owner_url, view)
    releases = tmp_path_factory.mktemp("releases")
    release = publish_city(owner_url, view, releases)
    assert release is not None
    web_url = private_cluster.url(cluster, MAP, "onemap_web")
    yield City(owner_url, WebSettings("test", web_url, releases / "test"), rows, release.manifest)
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def running(settings: WebSettings) -> Iterator[str]:
    """A server of its own, on a free port of this machine; yields its address."""
    server = uvicorn.Server(server_config(settings, 0))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def address(city: City) -> Iterator[str]:
    """Address of the server that most tests share."""
    with running(city.settings) as address:
        yield address


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client
