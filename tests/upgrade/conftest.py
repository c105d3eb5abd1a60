"""A copy of the state that an earlier version left, restored into a database of its own."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from flows.job import Job
from flows.opening import prepare
from geo.settings import Settings
from geo.store.database import connect, open_engine
from schemas.catalogue import load_catalogue
from server import cluster as private_cluster
from tests.conftest import _administrator
from tests.upgrade import town

STATES = sorted((Path(__file__).parent / "states").iterdir())


@dataclass
class OldState:
    """A map as an earlier version left it, and the job that takes its drops in."""

    job: Job

    def upgrade(self) -> None:
        """What the first run of the present code does."""
        prepare(self.job)

    def all(self, query: str, **values: object) -> list[tuple[object, ...]]:
        with connect(self.job.engine) as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def history(self) -> dict[str, list[tuple[object, ...]]]:
        """Every version of every feature: its id, its content and its releases."""
        columns = (
            "feature_id, source_key, name_th, location_precision, st_astext(geom), release_from"
        )
        return {
            layer.id: self.all(f"select {columns}, release_to from core.{layer.id} order by 1, 6")
            for layer in self.job.view.layers
        }

    def as_of(self) -> dict[tuple[datetime, str], list[tuple[object, ...]]]:
        """What each layer was at the time of each release."""
        columns = "feature_id, name_th, district_code, location_precision, st_astext(geom)"
        return {
            (at, layer.id): self.all(
                f"select {columns} from onemap.{layer.id}_as_of(:at) order by 1", at=at
            )
            for (at,) in self.all("select published_at from meta.release order by 1")
            for layer in self.job.view.layers
        }


@pytest.fixture(params=STATES, ids=lambda folder: folder.name)
def old_state(
    request: pytest.FixtureRequest, cluster: Settings, quick_reader: None, tmp_path: Path
) -> Iterator[OldState]:
    """The state, before anything of the present code has met its database."""
    with tarfile.open(request.param / "files.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    drops = tmp_path / "drops"
    for day in (town.first_day, town.half_of_the_parks, town.two_clinics):
        day(drops)
    url = private_cluster.ensure_database(cluster, "old_town")
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(gzip.decompress((request.param / "database.sql.gz").read_bytes()))
    engine = open_engine(url)
    yield OldState(
        Job(
            replace(cluster, home=tmp_path),
            load_catalogue(town.DECLARATIONS).map_view("town"),
            load_catalogue().issue_codes,
            engine,
            drops,
        )
    )
    engine.dispose()
    with psycopg.connect(_administrator(cluster), autocommit=True) as server:
        server.execute("DROP DATABASE onemap_old_town WITH (FORCE)")
