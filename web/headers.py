"""Headers of every answer: what a page of ours may load, and nothing from elsewhere."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# MapLibre starts its worker from a URL of ours (blob: is its fallback), keeps images as blobs, and
# sets styles through the DOM, which needs no exception. No script or style is inline.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; worker-src 'self' blob:; connect-src 'self'; "
    "style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
}


class SecurityHeaders:
    """ASGI middleware that adds them.

    Where only some sites may read, an answer is another one for each `Origin`: caches are told so,
    also with the answer to a request that has none.
    """

    def __init__(self, app: ASGIApp, varies_by_origin: bool) -> None:
        self._app = app
        self._varies = varies_by_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on; an answer that has one of the headers already keeps its own."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if self._varies:
                    headers.add_vary_header("Origin")
            await send(message)

        await self._app(scope, receive, with_headers)
