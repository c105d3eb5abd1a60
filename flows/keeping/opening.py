"""The database of a map that is there already; nothing is declared, migrated or made."""

from __future__ import annotations

from sqlalchemy import Engine

from geo.errors import ConfigurationError
from geo.settings import Settings
from geo.store.database import open_engine
from server import cluster
from server.cluster import database_url, is_configured
from server.postgres import locate


def open_existing(settings: Settings, map_id: str) -> Engine:
    """An engine for a map's database, whatever version it is of.

    Raises ConfigurationError where no private cluster was made yet, DatabaseUnreachable where there
    is no such database.
    """
    if not is_configured(settings):
        if not locate(settings.home).initialised:
            raise ConfigurationError(f"no map lives in {settings.home}; ONEMAP_HOME names another")
        cluster.start(settings)
    return open_engine(database_url(settings, map_id))
