"""The bench's own cluster: a map with boundaries alone, put back before each load."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench import measure
from bench.measure import Failed

PROJECT = Path(__file__).parent / "project"
MAP, DATABASE, READY, PEERS = "bench", "onemap_bench", "onemap_bench_ready", "bench_peers"
BOUNDARIES = ("sample_districts", "sample_subdistricts")


@dataclass(frozen=True)
class Server:
    """A private cluster in `home`, and the folder of deliveries that its map takes in."""

    home: Path
    drops: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a command of One Map needs to work here."""
        return {
            "ONEMAP_HOME": str(self.home),
            "ONEMAP_DECLARATIONS": str(PROJECT),
            "ONEMAP_DROPS": str(self.drops),
        }

    def onemap(self, *words: str) -> str:
        """What the command line says. Raises Failed."""
        program = Path(sys.executable).with_name("onemap")
        done = subprocess.run(
            [program, *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"onemap {' '.join(words)}: {done.stderr[-2_000:]}")
        return done.stdout.strip()

    def prepare(self) -> None:
        """Makes the cluster and the map with its boundaries, and keeps that as a template."""
        from samples import ensure_drops

        planning = ensure_drops(self.home / "sample") / "planning"
        self.drops.mkdir(parents=True, exist_ok=True)
        shutil.copytree(planning, self.drops / "planning", dirs_exist_ok=True)
        taken = [word for source in BOUNDARIES for word in ("--source", source)]
        self.onemap("run", "--map", MAP, *taken)
        (count,) = self._first("select count(*) from onemap.subdistricts")
        if not count:
            raise Failed("the bench's map has no boundaries")
        self._administer(
            f"drop database if exists {READY}",
            f"alter database {DATABASE} rename to {READY}",
            f"drop database if exists {PEERS}",
            f"create database {PEERS}",
        )
        with psycopg.connect(self.url(PEERS), autocommit=True) as connection:
            connection.execute("create extension postgis")
        self.put_back()

    def put_back(self) -> None:
        """The map as it was before any layer of the bench came."""
        self._administer(
            f"drop database if exists {DATABASE} with (force)",
            f"create database {DATABASE} template {READY} owner onemap",
        )

    def ours(self, *words: str) -> tuple[dict[str, Any], measure.Cost]:
        """One part of the road (`bench.ours`): what it says, and what it cost. Raises Failed."""
        command = [sys.executable, "-m", "bench.ours", *words]
        ran = measure.run(command, self.postmaster(), self.environment)
        return json.loads(ran.output.splitlines()[-1]), ran.cost

    def release(self) -> Path:
        """Folder of the newest release."""
        folders = (self.home / "releases" / MAP).iterdir()
        return max((one for one in folders if one.name.isdigit()), key=lambda one: int(one.name))

    def forget_releases(self) -> None:
        """Releases of a database that was put back are nobody's."""
        for folder in (self.home / "releases" / MAP).iterdir():
            if folder.name != "1":
                shutil.rmtree(folder)

    def url(self, database: str) -> str:
        """libpq URL of a database, as the cluster's superuser."""
        address = urlsplit(self.onemap("db", "url", "--map", MAP))
        host = address.netloc.rpartition("@")[2]
        return urlunsplit(address._replace(netloc=f"postgres@{host}", path=f"/{database}"))

    def postmaster(self) -> int:
        """The cluster's first process."""
        return int(self.onemap("db", "status").partition("pid ")[2].partition(",")[0])

    def stop(self) -> None:
        """Ends the cluster."""
        self.onemap("db", "stop")

    def _first(self, query: LiteralString) -> tuple[Any, ...]:
        with psycopg.connect(self.url(DATABASE)) as connection:
            return connection.execute(query).fetchone() or (None,)

    def _administer(self, *statements: LiteralString) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
