"""Settings: what the environment says, read once, when asked, into one frozen value.

    ONEMAP_HOME              state folder (default: .onemap in the project's folder)
    ONEMAP_MAP               map that commands work on (default: sample)
    ONEMAP_DATABASE_URL      PostgreSQL to use instead of the private cluster
    ONEMAP_WEB_DATABASE_URL  the same database for the public web role (optional)

A database URL may name its database with `{map}` in it (`postgresql://host/city_{map}`); without a
database name, `onemap_<map>` is used; a plain name is taken as it stands, and serves one map.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from geo.errors import ConfigurationError

DEFAULT_MAP = "sample"
MAP_ID = re.compile(r"[a-z][a-z0-9_]{0,47}")  # schemas.models.Identifier


@dataclass(frozen=True)
class Settings:
    """Where the state lies, which map is meant, and which database holds it."""

    project: Path
    home: Path
    map_id: str = DEFAULT_MAP
    database_url: str | None = None
    web_database_url: str | None = None

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def drops(self) -> Path:
        """Generated drops of the embedded sample."""
        return self.home / "drops"

    @property
    def releases(self) -> Path:
        return self.home / "releases"


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of this process; an empty variable counts as unset.

    Raises ConfigurationError if a variable cannot be meant as it is.
    """
    environment = os.environ if environment is None else environment
    project = project_folder()
    home = Path(environment.get("ONEMAP_HOME") or project / ".onemap").expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise ConfigurationError(f"ONEMAP_HOME is {home}, which is not a folder; name a folder")
    map_id = environment.get("ONEMAP_MAP") or DEFAULT_MAP
    if not MAP_ID.fullmatch(map_id):
        raise ConfigurationError(
            f"ONEMAP_MAP is `{map_id}`; a map id is lower-case letters, digits and _"
        )
    return Settings(
        project=project,
        home=home,
        map_id=map_id,
        database_url=_database_url(environment, "ONEMAP_DATABASE_URL"),
        web_database_url=_database_url(environment, "ONEMAP_WEB_DATABASE_URL"),
    )


def project_folder() -> Path:
    """The folder of pyproject.toml above this package, or the working folder if installed."""
    above = Path(__file__).resolve().parent.parent
    return above if (above / "pyproject.toml").is_file() else Path.cwd()


def _database_url(environment: Mapping[str, str], name: str) -> str | None:
    url = environment.get(name)
    if not url:
        return None
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("postgresql", "postgres"):
        # The value may hold a password: it is not repeated.
        raise ConfigurationError(f"{name} must be a URL like postgresql://user@host:5432")
    return url
