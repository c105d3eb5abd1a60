"""OGC API Features at `/api`: tipg's endpoints over the layers of the current release.

docs/adr/0005-web-and-tipg.md says what is taken from tipg and what is mended here and in
web/ogc_guard.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from web.errors import (
    WebError,
    answer_http_exception,
    answer_unexpected,
    answer_web_error,
    error_response,
    not_found,
)
from web.settings import VIEWER

REFUSED_PARAMETERS = (
    "filter",
    "filter-lang",
    "geom-column",
    "datetime-column",
    "bbox-only",
    "simplify",
    "ids",
)
FORMS = ["json", "geojson", "geojsonseq", "csv"]
CONFORMANCE = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]


@dataclass
class Answered:
    """What one request is answered from: the collections of a release, and rows of that release.

    `rows` is a connection that `opened` ends: as soon as they are read, or with the request.
    """

    collections: Mapping[str, Any]
    rows: Any = None
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """The connection, as tipg asks a pool for one."""
        async with self.opened:
            yield self.rows


ANSWERED: ContextVar[Answered] = ContextVar("ANSWERED")
"""Set by the guard for each request; requests of two releases may be answered side by side."""


class RequestState(State):
    """tipg looks for these two in its application's state."""

    @property
    def pool(self) -> Answered:
        """Where connections come from."""
        return ANSWERED.get()

    @property
    def collection_catalog(self) -> dict[str, Any]:
        """The collections that there are."""
        found = dict(ANSWERED.get().collections)
        return {"collections": found, "last_updated": datetime.now(UTC)}


def create_ogc_api(title: str) -> FastAPI:
    """The API as an application to be mounted behind the guard, which sets `ANSWERED`."""
    from tipg.factory import (
        OGCFeaturesFactory,
    )  # reads the environment when it is imported

    class Features(OGCFeaturesFactory):
        """tipg's endpoints, claiming only what is true here."""

        @property
        def conforms_to(self) -> list[str]:
            return CONFORMANCE

    app = FastAPI(title=title, openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    app.state = RequestState()

    async def guide() -> Response:
        return FileResponse(VIEWER / "api.html", headers={"Cache-Control": "no-cache"})

    app.add_api_route("/guide", guide, name="swagger_ui_html", include_in_schema=False)
    app.include_router(Features(title=title, collection_dependency=_collection).router)
    app.openapi = lambda: _without_refused(FastAPI.openapi(app))  # type: ignore[method-assign]
    _add_handlers(app)
    return app


def _collection(request: Request, name: Annotated[str, Path(alias="collectionId")]) -> Any:
    """In place of tipg's look-up, which insists on `schema.table`."""
    found = request.app.state.collection_catalog["collections"].get(name)
    if found is None:
        raise not_found("there is no collection of that name; see /api/collections")
    return found


def _without_refused(document: dict[str, Any]) -> dict[str, Any]:
    """The API's description, without what the guard refuses."""
    for address, path in document["paths"].items():
        for operation in path.values():
            operation["parameters"] = [
                parameter
                for parameter in operation.get("parameters", [])
                if parameter["name"] not in REFUSED_PARAMETERS
            ]
            for parameter in operation["parameters"]:
                if parameter["name"] == "f":
                    forms = FORMS if address.endswith("/items") else FORMS[:1]
                    parameter["schema"] = {"type": "string", "enum": forms}
    return document


def _add_handlers(app: FastAPI) -> None:
    from tipg.errors import NotFound, TiPgError

    async def bad_request(_request: Request, _error: Exception) -> Response:
        return error_response(400, "InvalidParameterValue", "a parameter's value cannot be used")

    async def no_such(_request: Request, _error: Exception) -> Response:
        return error_response(404, "NotFound", "there is no such feature in the current release")

    async def database(_request: Request, _error: Exception) -> Response:
        return error_response(503, "DatabaseAway", "the database could not answer this in time")

    app.add_exception_handler(WebError, answer_web_error)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, bad_request)
    app.add_exception_handler(TiPgError, bad_request)
    app.add_exception_handler(NotFound, no_such)
    app.add_exception_handler(asyncpg.DataError, bad_request)
    app.add_exception_handler(asyncpg.PostgresError, database)
    app.add_exception_handler(OSError, database)
    app.add_exception_handler(Exception, answer_unexpected)
