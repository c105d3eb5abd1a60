"""Runs the web application."""

from __future__ import annotations

from pathlib import Path

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
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        server_header=False,
        log_level="warning",
    )
