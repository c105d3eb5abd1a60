"""Runs the web application."""

from __future__ import annotations

import socket

import uvicorn

from geo.errors import ConfigurationError
from web.app import create_app
from web.connections import BACKLOG, MAX_HEAD, REQUEST_SECONDS, Connection
from web.settings import WebSettings


def serve(settings: WebSettings, port: int = 8000) -> None:
    """Serve a map until interrupted. Only this machine reaches it, unless `host` says otherwise.

    Raises ConfigurationError if the viewer's npm packages are missing, or nothing can listen at
    the address.
    """
    _require_free(settings.host, port)
    _Announcing(server_config(settings, port), settings.public_url).run()


def server_config(settings: WebSettings, port: int) -> uvicorn.Config:
    """How uvicorn serves the application. Raises ConfigurationError as `create_app` does."""
    return uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=port,
        http=Connection,
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=REQUEST_SECONDS,
        proxy_headers=False,  # web/address.py says which address is ours
        server_header=False,
        log_level="error",  # what strangers send is no news
    )


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

    def __init__(self, config: uvicorn.Config, public_url: str | None) -> None:
        super().__init__(config)
        self._public_url = public_url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            host, port = server.sockets[0].getsockname()[:2]
            name = "localhost" if host == "127.0.0.1" else f"[{host}]" if ":" in host else host
            print(f"The map is at http://{name}:{port} (Ctrl-C ends)", flush=True)
        if self._public_url:
            print(f"Links in it lead to {self._public_url}", flush=True)
