"""What the web application must be told; nothing is read from the environment here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

VIEWER: Final = Path(__file__).parent / "viewer"
PACKAGES: Final = Path(__file__).parent / "node_modules"


@dataclass(frozen=True)
class WebSettings:
    """One map, where its releases lie, and the database address of the role `onemap_web`.

    `releases` holds one folder per release number. `packages` is the folder that `npm ci` filled.
    `allowed_origins` are the sites whose pages may read this map; public data are open to any.
    `public_url` is the address that links are made from, `host` the one that is listened at.
    """

    map_id: str
    database_url: str
    releases: Path
    packages: Path = PACKAGES
    allowed_origins: tuple[str, ...] = ("*",)
    public_url: str | None = None
    host: str = "127.0.0.1"
