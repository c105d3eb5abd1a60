"""Section `publish`: a whole release, one after 1 % of a layer changed, and the biggest tile."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pmtiles.reader import MmapSource, all_tiles

from bench import first_view, layers
from bench.server import MAP, Server

Json = dict[str, Any]
Tell = Callable[[str], None]


def published(server: Server, rows: int, tell: Tell) -> Json:
    """Points and half as many polygons: their first release, and two after 1 % of the points
    changed, once around one place and once everywhere.
    """
    server.put_back()
    server.forget_releases()
    layers.write("polygons", rows // 2, "gpkg", server.drops)
    layers.write("points", rows, "gpkg", server.drops)
    found: dict[str, Json] = {}
    tell(f"publish: {rows:,} points, {rows // 2:,} polygons")
    server.ours("load", "bench_polygons_gpkg")
    server.ours("load", "bench_points_gpkg")
    found["full"] = _publish(server)
    view = first_view.viewed(server, server.home / "first-view.png")
    edits: tuple[layers.Edit, ...] = ("together", "spread")
    for edit in edits:
        tell(f"publish: 1 % changed, {edit}")
        layers.write("points", rows, "gpkg", server.drops, edit)
        said, cost = server.ours("load", "bench_points_gpkg")
        found[edit] = {"load": {"said": said, **asdict(cost)}, **_publish(server)}
        layers.write("points", rows, "gpkg", server.drops)
        server.ours("load", "bench_points_gpkg")
        server.ours("publish")
    return {
        "rows": rows,
        "releases": found,
        "tiles": _tiles(server.release()),
        "first_view": view,
    }


def _publish(server: Server) -> Json:
    before = _files(server)
    said, cost = server.ours("publish")
    new = {name: size for name, size in _files(server).items() if name not in before}
    return {"said": said, "new_bytes": sum(new.values()), **asdict(cost)}


def _files(server: Server) -> dict[tuple[int, int], int]:
    """Sizes of all that is published, by inode: what two releases share counts once."""
    home = server.home / "releases" / MAP
    files = [path.stat() for path in home.rglob("*") if path.is_file()]
    return {(one.st_dev, one.st_ino): one.st_size for one in files}


def _tiles(release: Path) -> list[Json]:
    """Compressed sizes of the tiles of each archive, in bytes."""
    found = []
    for path in sorted((release / "tiles").glob("*.pmtiles")):
        with path.open("rb") as file:
            source = MmapSource(file)  # type: ignore[no-untyped-call]
            sizes = {at: len(tile) for at, tile in all_tiles(source)}  # type: ignore[no-untyped-call]
        biggest = max(sizes, key=sizes.__getitem__)
        found.append(
            {
                "archive": path.name.rpartition("-")[0],
                "tiles": len(sizes),
                "biggest": sizes[biggest],
                "at": "/".join(map(str, biggest)),
                "median": statistics.median(sizes.values()),
            }
        )
    return found
