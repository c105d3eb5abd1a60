"""What a request must be before anything is made of it: text, and a plain HTTP request."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from web.errors import error_response

# NUL and its kind are in no name, code or number: PostgreSQL, the file system and Python each
# refuse them in a way of their own, further in.
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Admission:
    """ASGI middleware: control characters, broken UTF-8 and upgrades are answered here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is admitted. A WebSocket is closed; all else that is not is 400."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and (problem := _problem(scope)):
            await error_response(400, "InvalidRequest", problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_text(encoded: bytes) -> bool:
    """Is this, with its %-escapes read, UTF-8 (so without lone surrogates) and free of controls?"""
    return _is_plain(unquote_to_bytes(encoded))


def _problem(scope: Scope) -> str | None:
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    if not is_text(path):
        return "the path holds a control character, or is not UTF-8"
    if not is_text(scope["query_string"]):
        return "the query holds a control character, or is not UTF-8"
    for name, value in scope["headers"]:
        if not _is_plain(value.replace(b"\t", b" ")):
            return "a header holds a control character, or is not UTF-8"
        if name == b"upgrade" and value.strip().lower() == b"websocket":
            return "there is no WebSocket here; everything is read by GET"
    return None


def _is_plain(encoded: bytes) -> bool:
    try:
        return CONTROLS.search(encoded.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False
