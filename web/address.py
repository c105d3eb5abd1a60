"""The address in every link: the one that is set, and never one that a stranger names.

`Host` and `X-Forwarded-*` are written by whoever asks. A shared cache that keeps an answer with a
stranger's name in it sends all readers there.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from web.errors import error_response

HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?", re.ASCII)


class Address:
    """ASGI middleware: a request asks for this map by a name that is its own, or is 400.

    Its own are the host of `public_url`, the name that the server listens at (`host`), loopback
    names, and the IP address that was connected to. With a `public_url` everything behind this
    sees a request to that address, so that each link is made from it; without one, links are made
    from the request's own `Host`, which is one of these.
    """

    def __init__(self, app: ASGIApp, public_url: str | None, host: str) -> None:
        self._app = app
        self._public = urlsplit(public_url) if public_url else None
        self._names = {host.lower()}
        if self._public is not None and self._public.hostname:
            self._names.add(self._public.hostname)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is asked of this map, under the address that links are made from."""
        if scope["type"] == "http":
            if not self._is_own(scope):
                refusal = error_response(400, "HostNotServed", _NOT_SERVED)
                await refusal(scope, receive, send)
                return
            scope = self._as_public(scope)
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        asked = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if not asked:  # HTTP/1.0: links are made from the address that was connected to
            return True
        found = HOST.fullmatch(asked[0])
        if found is None or len(asked) > 1:
            return False
        name = found["name"].lower().removesuffix(".")
        return name in self._names or name == "localhost" or _is_local(name, scope)

    def _as_public(self, scope: Scope) -> Scope:
        if self._public is None:
            return scope
        host = (b"host", self._public.netloc.encode())
        others = [pair for pair in scope["headers"] if pair[0] != b"host"]
        return {**scope, "scheme": self._public.scheme, "headers": [host, *others]}


_NOT_SERVED: Final = (
    "this map is not served under that name; whoever runs it sets ONEMAP_PUBLIC_URL to its address"
)


def _is_local(name: str, scope: Scope) -> bool:
    """Is it a loopback address, or the address that this connection was made to?"""
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    server = scope.get("server")
    return address.is_loopback or (server is not None and str(address) == server[0])
