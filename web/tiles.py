"""The map for other viewers: its style, its TileJSON, and single tiles out of the archive."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.caching import REVALIDATE, is_known, tagged, tagged_json, unchanged
from web.current import Current
from web.errors import not_found
from web.releases import Release

MVT = "application/vnd.mapbox-vector-tile"


def tile_routes(current: Current) -> list[Route]:
    """`/style.json`, `/tiles.json` and `/tiles/<z>/<x>/<y>.mvt`, all of the current release."""

    async def style(request: Request) -> Response:
        release = await current.release()
        root = str(request.base_url).rstrip("/")
        text = release.style_text.replace("{base}", f"{root}/releases/{release.number}")
        text = text.replace("{fonts}", f"{root}/vendor/fonts")
        return tagged(request, text.encode(), "application/json")

    async def tilejson(request: Request) -> Response:
        release = await current.release()
        return tagged_json(request, _tilejson(release, str(request.base_url).rstrip("/")))

    async def tile(request: Request) -> Response:
        z, x, y = (request.path_params[name] for name in ("z", "x", "y"))
        release = await current.release()
        return _tile(request, release, z, x, y)

    return [
        Route("/style.json", style),
        Route("/tiles.json", tilejson),
        Route("/tiles/{z:whole}/{x:whole}/{y:whole}.mvt", tile),
    ]


def _tilejson(release: Release, root: str) -> dict[str, Any]:
    header, manifest = release.archive.header, release.manifest
    agencies = {source["agency"]["th"]: None for source in manifest["sources"]}
    return {
        "tilejson": "3.0.0",
        "name": manifest["title"]["th"],
        "version": f"{release.number}.0.0",
        "attribution": ", ".join(agencies),
        "tiles": [f"{root}/tiles/{{z}}/{{x}}/{{y}}.mvt"],
        "minzoom": header["min_zoom"],
        "maxzoom": header["max_zoom"],
        "bounds": manifest["bounds"],
        "vector_layers": release.archive.metadata["vector_layers"],
    }


def _tile(request: Request, release: Release, z: int, x: int, y: int) -> Response:
    archive = release.archive
    if not archive.has(z, x, y):
        raise not_found(
            f"no such tile; the map has zooms {archive.header['min_zoom']} to "
            f"{archive.header['max_zoom']}"
        )
    stored = archive.tile(z, x, y)
    etag = _tag(stored)
    if is_known(request, etag):
        return unchanged(etag, REVALIDATE)
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    if stored is None:
        return Response(status_code=204, headers=headers)
    if archive.gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(stored, media_type=MVT, headers=headers)
    return Response(archive.plain(stored), media_type=MVT, headers=headers)


def _tag(stored: bytes | None) -> str:
    """Of the tile's own bytes: who has it keeps it over releases that do not touch it."""
    return f'W/"{hashlib.blake2b(stored or b"", digest_size=12).hexdigest()}"'
