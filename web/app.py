"""The web application: one map, its current release, and the doors to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from web import numbers
from web.address import Address
from web.admission import Admission
from web.beside import Beside
from web.calls import ListedCalls
from web.current import Current
from web.database import Snapshots
from web.errors import (
    DatabaseAway,
    NothingPublished,
    WebError,
    answer_http_exception,
    answer_unexpected,
    answer_web_error,
)
from web.files import BINARY_TYPES, release_routes
from web.headers import SecurityHeaders
from web.knowledge import KnowledgeOf
from web.metrics import metrics_routes
from web.ogc import create_ogc_api
from web.ogc_collections import CollectionsOf
from web.ogc_guard import OgcGuard
from web.pages import page_routes
from web.places import place_routes
from web.pointer import Pointer
from web.releases import Releases
from web.settings import WebSettings
from web.tiles import MVT, tile_routes

READING: Final = ("GET", "HEAD", "OPTIONS")
ASKED_HEADERS: Final = (
    "Cache-Control",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Pragma",
    "Range",
    "X-Requested-With",
)
EXPOSED_HEADERS: Final = (
    "Accept-Ranges",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "ETag",
)
DAY_SECONDS: Final = 86_400
COMPRESSION: Final = 4
"""zlib's level: layers as text are 3 % larger than at its last one, for a seventh of the work."""


def create_app(settings: WebSettings) -> Starlette:
    """The ASGI application of one map. Connects to nothing before the first request.

    Raises ConfigurationError if the viewer's npm packages are not installed.
    """
    numbers.register()
    snapshots = Snapshots(settings.database_url)
    pointer = Pointer(settings.database_url)
    current = Current(settings.map_id, pointer, Releases(settings.releases))
    knowledge, collections = KnowledgeOf(), CollectionsOf(snapshots)
    ogc = OgcGuard(
        create_ogc_api(f"One Map: {settings.map_id}"), current, collections, ListedCalls(snapshots)
    )
    beside = Beside()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        pointer.open()
        beside.open()
        await beside.run(snapshots.open())
        following = asyncio.create_task(pointer.follow())
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await beside.run(snapshots.close())
        beside.close()

    slow = [
        *metrics_routes(settings.map_id, current, snapshots),
        *place_routes(current, ListedCalls(snapshots), knowledge, collections),
    ]
    routes: list[BaseRoute] = [
        Route("/health", _health(settings.map_id, current)),
        *release_routes(current),
        *tile_routes(current),
        *beside.routes(slow, _compressing),
        Mount("/api", beside.app(_compressing(ogc))),
        *page_routes(settings.map_id, current, settings.packages),
    ]
    return Starlette(
        routes=routes,
        middleware=_middleware(settings),
        exception_handlers={
            WebError: answer_web_error,
            HTTPException: answer_http_exception,
            Exception: answer_unexpected,
        },
        lifespan=lifespan,
    )


def _health(map_id: str, current: Current) -> Callable[[Request], Awaitable[Response]]:
    async def health(_request: Request) -> Response:
        """Does the database answer, and what is published? Never a cached answer."""
        try:
            release, state = await current.asked(), "ok"
        except NothingPublished:
            release, state = 0, "empty"
        except DatabaseAway:
            release, state = None, "database away"
        status = 503 if release is None else 200
        body = {"status": state, "map": map_id, "release": release}
        return JSONResponse(body, status, headers={"Cache-Control": "no-store"})

    return health


def _compressing(app: ASGIApp) -> ASGIApp:
    """Text is compressed where it is made; what is packed already goes as it is."""
    packed = (*DEFAULT_EXCLUDED_CONTENT_TYPES, MVT, *BINARY_TYPES.values())
    return GZipMiddleware(
        app, minimum_size=600, compresslevel=COMPRESSION, exclude_content_types=packed
    )


def _middleware(settings: WebSettings) -> list[Middleware]:
    return [
        Middleware(SecurityHeaders, varies_by_origin="*" not in settings.allowed_origins),
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=READING,
            allow_headers=ASKED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=DAY_SECONDS,
        ),
        Middleware(Admission),
        Middleware(Address, public_url=settings.public_url, host=settings.host),
        Middleware(_compressing),
    ]
