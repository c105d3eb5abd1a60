"""ETags: a client that has the bytes already gets 304, and no bytes."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

REVALIDATE: Final = "no-cache"
IMMUTABLE: Final = "public, max-age=31536000, immutable"


def is_known(request: Request, etag: str) -> bool:
    """Does `If-None-Match` name this tag? Weak comparison, as RFC 9110 asks for GET."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def unchanged(etag: str, cache_control: str) -> Response:
    """304: the client has these bytes already."""
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": cache_control})


def tagged(
    request: Request, body: bytes, media_type: str, cache_control: str = REVALIDATE
) -> Response:
    """A body under the tag of its own content. Weak, because it may be compressed on its way."""
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
    if is_known(request, etag):
        return unchanged(etag, cache_control)
    headers = {"ETag": etag, "Cache-Control": cache_control}
    return Response(body, media_type=media_type, headers=headers)


def tagged_json(request: Request, data: Any) -> Response:
    """Data as JSON, under the tag of its own content."""
    return tagged(request, orjson.dumps(data), "application/json")
