"""Section `doors`: a tile of One Map beside the same bytes as a file that Starlette serves.

Two servers, each in a process of its own, are asked by the same clients for the same tiles in
turns: One Map's application, which takes them from the release's archive, and Starlette's
StaticFiles over a folder with one file for each tile. `python -m bench.doors RELEASES URL` prints
the figures of a map that is there already.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import numpy as np
from pmtiles import reader as pmtiles

Json = dict[str, Any]

CLIENTS: Final = 8
ROUNDS: Final = 9
REQUESTS: Final = 1_600
"""Of each server in each round, by all clients together."""
TILES: Final = 400
"""So many are asked for, drawn from all of the archive."""

_OURS: Final = """
import sys
from pathlib import Path
from web.serve import serve
from web.settings import WebSettings
serve(WebSettings("bench", sys.argv[1], Path(sys.argv[2])), port=0)
"""
_STATIC: Final = """
import sys
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
class Announcing(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"at http://localhost:{port}", flush=True)
app = Starlette(routes=[Mount("/tiles", StaticFiles(directory=sys.argv[1]))])
Announcing(uvicorn.Config(app, port=0, log_level="error")).run()
"""


def tiles(releases: Path, database_url: str) -> Json:
    """Milliseconds of a tile at each door, with `CLIENTS` clients: the median, and the 99th of 100.

    `releases` is a map's folder of releases, `database_url` its database for the web's role. The
    doors are `tile` and `static`; each figure is the median of the rounds'.
    """
    with tempfile.TemporaryDirectory(prefix="onemap-bench-tiles-") as folder:
        names = _extract(_archive(releases), Path(folder))
        ours, static = [_OURS, database_url, str(releases)], [_STATIC, folder]
        with _serving(ours) as tile, _serving(static) as file:
            return asyncio.run(_compared({"tile": tile, "static": file}, names))


def _archive(releases: Path) -> Path:
    """The tiles of the newest release."""
    newest = max((int(one.name), one) for one in releases.iterdir() if one.name.isdigit())[1]
    manifest = json.loads((newest / "manifest.json").read_text("utf-8"))
    return newest / str(manifest["files"]["pmtiles"]["path"])


def _extract(archive: Path, folder: Path) -> list[str]:
    """Some tiles as files, as they are stored; answers their addresses."""
    untyped: Any = pmtiles  # it has no annotations
    with archive.open("rb") as file:
        kept = list(untyped.all_tiles(untyped.MmapSource(file)))
    chosen = np.random.default_rng(2569).permutation(len(kept))[:TILES]
    for (z, x, y), stored in (kept[number] for number in chosen):
        path = folder / f"{z}/{x}/{y}.mvt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored)
    return [f"/tiles/{path.relative_to(folder)}" for path in sorted(folder.rglob("*.mvt"))]


@contextmanager
def _serving(program: Sequence[str]) -> Iterator[int]:
    """A server in a process of its own; yields its port."""
    command = [sys.executable, "-c", *program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().split("localhost:")[1].split()[0])
        finally:
            process.terminate()


async def _compared(ports: dict[str, int], names: list[str]) -> Json:
    rounds: list[dict[str, Json]] = []
    for number in range(ROUNDS + 1):
        order = list(ports) if number % 2 else list(reversed(ports))
        rounds.append({door: await _round(ports[door], names) for door in order})
    del rounds[0]  # what is made once is made
    return {
        door: {name: median(one[door][name] for one in rounds) for name in rounds[0][door]}
        for door in ports
    }


async def _round(port: int, names: list[str]) -> Json:
    """Each client asks for one tile after the other on a connection of its own."""
    share = REQUESTS // CLIENTS
    began = time.perf_counter()
    clients = [
        _client(port, np.random.default_rng(number).choice(names, share).tolist())
        for number in range(CLIENTS)
    ]
    seconds = [second for one in await asyncio.gather(*clients) for second in one]
    hundredths = quantiles(seconds, n=100)
    return {
        "median_ms": 1_000 * hundredths[49],
        "p99_ms": 1_000 * hundredths[98],
        "per_second": len(seconds) / (time.perf_counter() - began),
    }


async def _client(port: int, names: list[str]) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seconds = []
    for name in names:
        began = time.perf_counter()
        writer.write(
            f"GET {name} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        seconds.append(time.perf_counter() - began)
    writer.close()
    return seconds


if __name__ == "__main__":
    print(json.dumps(tiles(Path(sys.argv[1]), sys.argv[2]), indent=1))
