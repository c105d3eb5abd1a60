"""Runs the web application."""

from __future__ import annotations

from pathlib import Path
from socket import socket

import uvicorn

from web.app import create_app
from web.settings import PACKAGES, WebSettings


def serve(
    map_id: str,
    database_url: str,
    releases: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    packages: Path = PACKAGES,
    allowed_origins: tuple[str, ...] = (),
) -> None:
    """Serve a map until interrupted. Only this machine reaches it, unless `host` says otherwise.

    `database_url` is a libpq URL whose login may become the role `onemap_web`; `releases` is the
    folder of the map's releases (`.onemap/releases/<map>`). Raises ConfigurationError if the
    viewer's npm packages are missing.
    """
    settings = WebSettings(map_id, database_url, releases, packages, allowed_origins)
    config = uvicorn.Config(
        create_app(settings), host=host, port=port, server_header=False, log_level="warning"
    )
    _Announcing(config).run()


class _Announcing(uvicorn.Server):
    """Says where the map is once it can be opened."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            host, port = server.sockets[0].getsockname()[:2]
            name = "localhost" if host == "127.0.0.1" else f"[{host}]" if ":" in host else host
            print(f"The map is at http://{name}:{port} (Ctrl-C ends)", flush=True)
