"""The viewer's page and modules, and what it takes from npm, as static files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from geo.errors import ConfigurationError
from web.caching import REVALIDATE, tagged
from web.current import Current
from web.errors import NothingPublished
from web.settings import VIEWER

# What the pages load from npm, by the address under /vendor.
VENDORED: Final = {
    "maplibre-gl": Path("maplibre-gl/dist"),
    "pmtiles": Path("pmtiles/dist"),
    "fonts": Path("@fontsource/noto-sans-thai/files"),
}


class Revalidated(StaticFiles):
    """Static files that a browser keeps, and asks about before it uses them."""

    def file_response(
        self, full_path: str | os.PathLike[str], *arguments: Any, **options: Any
    ) -> Response:
        """As Starlette does, to be asked about each time."""
        response = super().file_response(full_path, *arguments, **options)
        response.headers["Cache-Control"] = REVALIDATE
        return response


def page_routes(map_id: str, current: Current, packages: Path) -> list[BaseRoute]:
    """`/`, `/viewer/...` and `/vendor/...`. Raises ConfigurationError without npm's packages."""
    _require_packages(packages)

    async def viewer(request: Request) -> Response:
        try:
            await current.release()
        except NothingPublished:
            page = (VIEWER / "empty.html").read_text("utf-8")
            return HTMLResponse(
                page.replace("MAP_ID", map_id), headers={"Cache-Control": "no-store"}
            )
        return tagged(request, (VIEWER / "index.html").read_bytes(), "text/html")

    vendored = [
        Mount(f"/vendor/{name}", Revalidated(directory=packages / folder))
        for name, folder in VENDORED.items()
    ]
    return [
        Route("/", viewer),
        Mount("/viewer", Revalidated(directory=VIEWER)),
        *vendored,
    ]


def _require_packages(packages: Path) -> None:
    missing = [folder for folder in VENDORED.values() if not (packages / folder).is_dir()]
    if missing:
        raise ConfigurationError(
            f"the viewer's packages are not in {packages}; run: npm ci --prefix {packages.parent}"
        )
