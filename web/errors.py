"""Errors as clients see them: a code and a sentence, never a database's or a parser's text."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from web.headers import SECURITY_HEADERS


@dataclass(eq=False)
class WebError(Exception):
    """An answer that is not a success. `description` is for people, and says what to do."""

    status: int
    code: str
    description: str


class NothingPublished(WebError):
    """The map has no release yet."""

    def __init__(self, map_id: str) -> None:
        super().__init__(
            404,
            "NothingPublished",
            f"map `{map_id}` has no release yet; run: onemap run --map {map_id}",
        )


class DatabaseAway(WebError):
    """The database does not answer."""

    def __init__(self) -> None:
        super().__init__(503, "DatabaseAway", "the database does not answer; try again shortly")


class ReleaseMoved(WebError):
    """A snapshot of the database is of another release than the one that is being answered."""

    def __init__(self) -> None:
        super().__init__(503, "ReleaseMoved", "a new release is just published; try again")


def bad_parameter(description: str) -> WebError:
    """400, to be raised: a value that cannot be meant."""
    return WebError(400, "InvalidParameterValue", description)


def not_found(description: str) -> WebError:
    """404, to be raised: nothing of that name in the current release."""
    return WebError(404, "NotFound", description)


def error_response(status: int, code: str, description: str) -> Response:
    """The exception document of OGC API Common: `code` and `description`."""
    # The outermost handler answers outside all middleware, so the headers are given here too.
    headers = {"Cache-Control": "no-store", **SECURITY_HEADERS}
    if status == 503:
        headers["Retry-After"] = "5"
    return JSONResponse(
        {"status": status, "code": code, "description": description},
        status,
        headers=headers,
    )


async def answer_web_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler of our own errors: they say themselves what to answer."""
    assert isinstance(error, WebError)
    return error_response(error.status, error.code, error.description)


async def answer_http_exception(_request: Request, error: Exception) -> Response:
    """Starlette's handler of its own errors: no such address, no such method."""
    status = getattr(error, "status_code", 500)
    known = {
        404: "there is nothing at this address",
        405: "this address only answers GET and HEAD",
    }
    return error_response(status, "HttpError", known.get(status, "the request was refused"))


async def answer_unexpected(_request: Request, _error: Exception) -> Response:
    """The last handler: a fault of ours. Starlette raises it again, so that the log has it."""
    return error_response(500, "ServerError", "the server failed; its log says why")
