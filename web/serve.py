"""Runs the web application."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn

from geo.errors import ConfigurationError
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
    viewer's npm packages are missing, or nothing can listen at the address.
    """
    _require_free(host, port)
    settings = WebSettings(map_id, database_url, releases, packages, allowed_origins)
    config = uvicorn.Config(
        create_app(settings), host=host, port=port, server_header=False, log_level="warning"
    )
    _Announcing(config).run()


def _require_free(host: str, port: int) -> None:
    """Tries the address, because uvicorn says in a log why it ends, and not to its caller."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(address)
    except OSError as error:
        raise ConfigurationError(
            f"nothing can listen at {host}, port {port} ({error.strerror}); "
            "choose another --port, or correct --host"
        ) from error


class _Announcing(uvicorn.Server):
    """Says where the map is once it can be opened."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            host, port = server.sockets[0].getsockname()[:2]
            name = "localhost" if host == "127.0.0.1" else f"[{host}]" if ":" in host else host
            print(f"The map is at http://{name}:{port} (Ctrl-C ends)", flush=True)
