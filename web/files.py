"""A release's files over HTTP: ranges, ETags, and only what the manifest names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from geo.publishing.named import MANIFEST
from web.caching import IMMUTABLE, REVALIDATE, is_known, tagged_json, unchanged
from web.current import Current
from web.errors import not_found
from web.releases import Release

BINARY_TYPES: Final = {
    ".pmtiles": "application/vnd.pmtiles",
    ".gpkg": "application/geopackage+sqlite3",
    ".parquet": "application/vnd.apache.parquet",
}
TEXT_TYPES: Final = {
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".csv": "text/csv; charset=utf-8",
}


class HereRead(FileResponse):
    """A file that is read where its answer is made, a piece at a time.

    A piece that is in memory is read in a few microseconds, and handing it to a thread and back
    waits four times for whatever Python is doing elsewhere. Between two pieces others have a turn.
    """

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        with Path(self.path).open("rb") as file:
            yield _Pieces(file)


class _Pieces:
    """What Starlette asks of a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def seek(self, place: int) -> None:
        self._file.seek(place)

    async def read(self, most: int) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(most)


def release_routes(current: Current) -> list[Route]:
    """`/manifest.json`, `/releases/current[/path]` and `/releases/<n>[/path]`.

    The current manifest is in the names of today; a numbered one is what was published.
    """

    async def of_current(request: Request) -> Response:
        name = request.path_params.get("path", MANIFEST)
        release = await current.release()
        if name == MANIFEST and not release.as_made:
            return tagged_json(request, release.manifest)
        return _send(request, release, name, REVALIDATE)

    async def of_number(request: Request) -> Response:
        name = request.path_params.get("path", MANIFEST)
        release = await current.numbered(request.path_params["number"])
        return _send(request, release, name, IMMUTABLE)

    return [
        Route("/manifest.json", of_current),
        Route("/releases/current", of_current),
        Route("/releases/current/{path:path}", of_current),
        Route("/releases/{number:whole}", of_number),
        Route("/releases/{number:whole}/{path:path}", of_number),
    ]


def _send(request: Request, release: Release, name: str, cache_control: str) -> Response:
    found = release.path_of(name)
    if found is None:
        raise not_found(f"release {release.number} has no file of that name; see its manifest.json")
    path, file = found
    suffix = PurePosixPath(name).suffix
    # Text may be compressed on its way, so its tag is weak; binary files go as they are.
    etag = f'{"" if suffix in BINARY_TYPES else "W/"}"{file.sha256[:32]}"'
    if is_known(request, etag):
        return unchanged(etag, cache_control)
    headers = {
        "ETag": etag,
        "Cache-Control": cache_control,
        "Content-Location": f"/releases/{release.number}/{file.path}",
    }
    known = BINARY_TYPES | TEXT_TYPES
    kind = known.get(suffix, "application/octet-stream")
    return HereRead(path, headers=headers, media_type=kind, stat_result=path.stat())
