"""`onemap serve`."""

from __future__ import annotations

from flows.opening import open_review
from geo.settings import from_environment
from server.cluster import database_url


def serve_map(map_id: str, host: str, port: int) -> None:
    """Serves the current release of a map until stopped."""
    from web.serve import serve

    settings = from_environment()
    open_review(settings, map_id)  # the database is up, and made for this map
    address = database_url(settings, map_id, "onemap_web")
    serve(map_id, address, settings.releases / map_id, host, port)
