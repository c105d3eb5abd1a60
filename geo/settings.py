"""Settings: what the environment says, read once, when asked, into one frozen value.

    ONEMAP_DECLARATIONS      folder of a city's own project: declarations upon the built-in ones
    ONEMAP_HOME              state folder (default: .onemap in the city's project, else in the
                             checkout of One Map, else in the working folder)
    ONEMAP_DROPS             folder of delivered files, of one map or with one folder for each
                             (default: drops/MAP in the city's project, else in the state folder)
    ONEMAP_DATABASE_URL      PostgreSQL to use instead of the private cluster, as the owner's login
    ONEMAP_WEB_DATABASE_URL  the same server for the public web role: all that `onemap serve` needs
    ONEMAP_PLANNER_DATABASE_URL  the same server for those who read schema `onemap`
    ONEMAP_REQUIRE_WALLS     walls without which no agency's file is read: `landlock,seccomp` (the
                             default), any of `landlock`, `seccomp`, `network`, `user`, or `all`, or
                             `none`; all that can stand do stand in any case
    ONEMAP_MAX_DELIVERY      most bytes of one delivery, as it comes and unpacked: `2GB` (the
                             default), `500MB`, `3GiB`. Its reader may use twice as much memory
    ONEMAP_PUBLIC_URL        address of the map for the public, e.g. https://map.example.go.th
    ONEMAP_ALLOWED_ORIGINS   sites whose pages may read the map, with spaces between (default: *)

A database URL may name its database with `{map}` in it (`postgresql://host/city_{map}`); without a
database name, `onemap_<map>` is used; a plain name is taken as it stands, and serves one map.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from geo.errors import ConfigurationError
from schemas.project import city_project, folder_named

WALLS: Mapping[str, str] = {
    "landlock": "landlock_abi",
    "seccomp": "seccomp",
    "network": "network_namespace",
    "user": "another_user",
}
"""The reader's walls (ADR 0003): their names in settings, and in what the reader says of itself."""
DATABASE_VARIABLES: Final = (
    "ONEMAP_DATABASE_URL",
    "ONEMAP_WEB_DATABASE_URL",
    "ONEMAP_PLANNER_DATABASE_URL",
)
"""Logins of a server that is not the private cluster: the owner's, the web's, the planner's."""
REQUIRED_WALLS = frozenset({"landlock", "seccomp"})
MAX_DELIVERY = 2 * 1000**3
_UNITS = {
    **{"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4},
    **{"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40},
}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)\s*([a-z]*)")
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[0-9a-z]([0-9a-z.-]*[0-9a-z])?|[0-9a-f]*:[0-9a-f:.]*", re.ASCII)


@dataclass(frozen=True)
class Settings:
    """Where the state and the deliveries lie, which database holds the maps, and who reads them.

    `project` is the folder of One Map itself, `declarations` that of the city's own project.
    """

    project: Path
    home: Path
    declarations: Path | None = None
    database_url: str | None = None
    web_database_url: str | None = None
    planner_database_url: str | None = None
    delivered: Path | None = None
    required_walls: frozenset[str] = REQUIRED_WALLS
    max_delivery: int = MAX_DELIVERY
    public_url: str | None = None
    allowed_origins: tuple[str, ...] = ("*",)

    @property
    def snapshots(self) -> Path:
        """Folder of what was delivered, by hash."""
        return self.home / "snapshots"

    @property
    def drops(self) -> Path:
        """Drops that One Map makes itself: those of the sample."""
        return self.home / "drops"

    def drops_of(self, map_id: str) -> Path:
        """Folder of a map's deliveries: its own below ONEMAP_DROPS, else all of ONEMAP_DROPS.

        Where nothing is said, its own in the city's project, or in the state folder.
        """
        if self.delivered is None:
            return (self.declarations or self.home) / "drops" / map_id
        own = self.delivered / map_id
        return own if own.is_dir() else self.delivered

    @property
    def releases(self) -> Path:
        """Folder of what was published, by map and number."""
        return self.home / "releases"


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of this process; an empty variable counts as unset.

    Raises ConfigurationError if a variable cannot be meant as it is, DeclarationError if the city's
    project is not there.
    """
    environment = os.environ if environment is None else environment
    declarations = city_project(environment)
    project = project_folder()
    home = _folder(environment, "ONEMAP_HOME") or (declarations or project) / ".onemap"
    owner, web, planner = (_database_url(environment, name) for name in DATABASE_VARIABLES)
    return Settings(
        project=project,
        home=home,
        declarations=declarations,
        database_url=owner,
        web_database_url=web,
        planner_database_url=planner,
        delivered=_folder(environment, "ONEMAP_DROPS"),
        required_walls=_walls(environment, "ONEMAP_REQUIRE_WALLS"),
        max_delivery=_bytes(environment, "ONEMAP_MAX_DELIVERY", MAX_DELIVERY),
        public_url=public_url(environment.get("ONEMAP_PUBLIC_URL", ""), "ONEMAP_PUBLIC_URL"),
        allowed_origins=allowed_origins(
            environment.get("ONEMAP_ALLOWED_ORIGINS", "").split(), "ONEMAP_ALLOWED_ORIGINS"
        ),
    )


def public_url(text: str, name: str) -> str | None:
    """The address that links are made from, without a slash at its end; None for no text.

    `name` is what the operator calls it. Raises ConfigurationError if it is no http(s) address, or
    more than one: the map's pages stand at the root of their host.
    """
    return _origin(text, name, "https://map.example.go.th") if text else None


def allowed_origins(texts: Sequence[str], name: str) -> tuple[str, ...]:
    """The sites whose pages may read the map: any (`*`), or these; any, where none is named.

    Raises ConfigurationError if one is neither `*` nor an http(s) address without a path.
    """
    return tuple(
        text if text == "*" else _origin(text, name, "https://site.example.go.th, or *")
        for text in texts or ("*",)
    )


def _origin(text: str, name: str, example: str) -> str:
    """Scheme, host and port, as browsers write them: a Thai name in its ASCII form."""
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # also: UnicodeError
        parts, host, port = urlsplit(""), "", None
    whole = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host) or not whole:
        raise ConfigurationError(
            f"{name} is {text!r}; it must be like {example}: http or https, a host, and no path"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (
        f":{port}" if port not in (None, _PORTS[parts.scheme]) else ""
    )


def project_folder() -> Path:
    """The folder of pyproject.toml above this package, or the working folder if installed."""
    above = Path(__file__).resolve().parent.parent
    return above if (above / "pyproject.toml").is_file() else Path.cwd()


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    """An absolute path; nothing may be there, but what is there is a folder."""
    if not environment.get(name):
        return None
    folder = folder_named(environment[name])
    try:
        taken = folder.exists() and not folder.is_dir()
    except OSError as error:
        raise ConfigurationError(
            f"{name} is {folder}, which cannot be entered ({error.strerror}); name a folder of "
            "your own"
        ) from error
    if taken:
        raise ConfigurationError(f"{name} is {folder}, which is not a folder; name a folder")
    return folder


def _walls(environment: Mapping[str, str], name: str) -> frozenset[str]:
    said = (environment.get(name) or ",".join(REQUIRED_WALLS)).lower()
    named = frozenset(filter(None, map(str.strip, said.split(","))))
    if named in ({"all"}, {"none"}):
        return frozenset(WALLS) if "all" in named else frozenset()
    if not named or not named <= WALLS.keys():
        raise ConfigurationError(
            f"{name} is {said!r}; give `all`, `none`, or walls out of {', '.join(WALLS)} with "
            "commas between them"
        )
    return named


def _bytes(environment: Mapping[str, str], name: str, default: int) -> int:
    """A number of bytes with a unit: GB is 1000 MB, GiB 1024 MiB."""
    said = environment.get(name)
    if not said:
        return default
    found = _SIZE.fullmatch(said.strip().lower())
    size = round(float(found[1]) * _UNITS[found[2]]) if found and found[2] in _UNITS else 0
    if size < 1:
        raise ConfigurationError(f"{name} is {said!r}; give a size such as 2GB, 500MB or 3GiB")
    return size


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
