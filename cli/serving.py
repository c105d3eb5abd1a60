"""`onemap serve`."""

from __future__ import annotations

from collections.abc import Sequence

from flows.opening import open_review
from geo.settings import allowed_origins, from_environment, public_url
from server.cluster import database_url


def serve_map(
    map_id: str, host: str, port: int, address: str | None, origins: Sequence[str]
) -> None:
    """Serves the current release of a map until stopped.

    `address` (the public one) and `origins` come before what the environment says. Raises
    ConfigurationError where they cannot be meant, or nothing can listen at `host` and `port`.
    """
    from web.serve import serve
    from web.settings import WebSettings

    settings = from_environment()
    named = public_url(address or "", "--public-url") or settings.public_url
    allowed = allowed_origins(origins, "--allow-origin") if origins else settings.allowed_origins
    open_review(settings, map_id)  # the database is up, and made for this map
    web = WebSettings(
        map_id,
        database_url(settings, map_id, "onemap_web"),
        settings.releases / map_id,
        allowed_origins=allowed,
        public_url=named,
        host=host,
    )
    serve(web, port)
