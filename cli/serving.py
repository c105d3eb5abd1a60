"""`onemap serve`."""

from __future__ import annotations

from collections.abc import Sequence

from flows.opening import open_review
from geo.settings import Settings, allowed_origins, from_environment, public_url
from server.cluster import WEB, database_url, is_configured
from server.readers import require_web_login


def serve_map(
    map_id: str, host: str, port: int, address: str | None, origins: Sequence[str]
) -> None:
    """Serves the current release of a map until stopped.

    `address` (the public one) and `origins` come before what the environment says. Raises
    ConfigurationError where they cannot be meant, where nothing can listen at `host` and `port`, or
    where a configured server has no map for the web role's login.
    """
    from web.serve import serve
    from web.settings import WebSettings

    settings = from_environment()
    named = public_url(address or "", "--public-url") or settings.public_url
    allowed = allowed_origins(origins, "--allow-origin") if origins else settings.allowed_origins
    web = WebSettings(
        map_id,
        _database(settings, map_id),
        settings.releases / map_id,
        allowed_origins=allowed,
        public_url=named,
        host=host,
    )
    serve(web, port)


def _database(settings: Settings, map_id: str) -> str:
    """The database that is served; of a server that the settings name, by the web's login alone."""
    url = database_url(settings, map_id, WEB)
    if is_configured(settings):
        require_web_login(url, map_id)
    else:
        open_review(settings, map_id)  # the database is up, and made for this map
    return url
