"""`/metrics`: how a map stands, for Prometheus and those who read its text format.

It is open, as the map is: it says what the view `web.source_health` says, which is counts, times
and outcomes. However often it is asked, the database is asked once in `KEPT_SECONDS`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sql import statement
from web.current import Current
from web.database import Snapshots
from web.errors import DatabaseAway, WebError

KEPT_SECONDS: Final = 15.0
"""Prometheus asks once in 15 s or in a minute; who asks more often gets the same answer."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass
class Gauge:
    """One measure, and its value for each set of labels; what has no value is left out."""

    name: str
    help: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> None:
        """A value, if there is one."""
        if value is not None:
            self.samples.append((labels, value))

    def lines(self) -> Iterable[str]:
        """In the text format 0.0.4 of Prometheus."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} gauge"
        for labels, value in self.samples:
            shown = ",".join(f'{key}="{text.translate(_ESCAPED)}"' for key, text in labels.items())
            yield f"{self.name}{{{shown}}} {float(value)!r}"


class Metrics:
    """The text, and when it was made; one request makes it anew, and the others wait for it."""

    def __init__(self, map_id: str, current: Current, snapshots: Snapshots) -> None:
        self._map_id = map_id
        self._current = current
        self._snapshots = snapshots
        self._making = asyncio.Lock()
        self._text: str | None = None
        self._made: float | None = None

    async def answer(self, _request: Request) -> Response:
        """All gauges. 503 while the database is away: to Prometheus the map is then not `up`."""
        async with self._making:
            if self._made is None or time.monotonic() - self._made > KEPT_SECONDS:
                self._text = await self._tried()
                self._made = time.monotonic()
        if self._text is None:
            raise DatabaseAway
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return Response(self._text, headers=headers)

    async def _tried(self) -> str | None:
        try:
            return await self._measured()
        except DatabaseAway:  # kept as well: who waits would else try one after the other
            return None

    async def _measured(self) -> str:
        async with self._snapshots.acquire() as connection:
            try:
                release = await connection.fetchrow(statement("web_release_age"))
                sources = await connection.fetch(statement("web_health"))
            except asyncpg.UndefinedTableError:  # a database that no run has prepared yet
                release, sources = None, []
        gauges = [*_of_release(self._map_id, release), *_of_sources(self._map_id, sources)]
        gauges.append(await self._tiles())
        return "".join(f"{line}\n" for gauge in gauges for line in gauge.lines())

    async def _tiles(self) -> Gauge:
        size = Gauge("onemap_tiles_bytes", "Size of the tiles of the current release.")
        try:
            release = await self._current.release()
        except WebError:  # nothing is published, or its files are elsewhere
            return size
        path = release.manifest["files"]["pmtiles"]["path"]
        size.add(release.files[path].size, map=self._map_id)
        return size


def metrics_routes(map_id: str, current: Current, snapshots: Snapshots) -> list[Route]:
    """`/metrics`."""
    return [Route("/metrics", Metrics(map_id, current, snapshots).answer)]


def _of_release(map_id: str, release: Mapping[str, Any] | None) -> list[Gauge]:
    number = Gauge("onemap_release_number", "Number of the current release; 0 before the first.")
    age = Gauge("onemap_release_age_seconds", "Seconds since the current release was published.")
    number.add(release["release"] if release else 0, map=map_id)
    age.add(release["age"] if release else None, map=map_id)
    return [number, age]


def _of_sources(map_id: str, sources: Iterable[Mapping[str, Any]]) -> list[Gauge]:
    age = Gauge("onemap_source_age_seconds", "Seconds since the content on the map was fetched.")
    promised = Gauge("onemap_source_promised_seconds", "New content is promised within this time.")
    looked = Gauge("onemap_source_looked_seconds", "Seconds since the source was looked at.")
    holds = Gauge("onemap_source_holds", "Deliveries that wait for a person.")
    outcome = Gauge("onemap_source_outcome", "1 for the outcome of the last look.")
    for source in sources:
        labels = {"map": map_id, "layer": source["layer_id"], "source": source["source_id"]}
        age.add(source["age"], **labels)
        promised.add(source["promised"], **labels)
        looked.add(source["looked"], **labels)
        holds.add(source["holds"], **labels)
        outcome.add(1, **labels, outcome=source["outcome"])
    return [age, promised, looked, holds, outcome]
