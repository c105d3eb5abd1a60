"""`python -m bench`: measures, keeps what was measured, and writes docs/performance.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pyogrio
import pyproj
import shapely

from bench import doors, layers, load, publishing, reading, report, start
from bench.server import MAP, Server

SECTIONS: Final = ("load", "growth", "publish", "reading", "doors", "start", "flames")


def main() -> None:
    """Runs the sections that were asked for, each in a state of its own."""
    asked = _arguments()
    report.keep("machine", _machine())
    with tempfile.TemporaryDirectory(prefix="onemap-bench-") as folder:
        Path(folder).chmod(0o755)  # the database's user reads there
        home = asked.home or Path(folder)
        server = Server(home / "state", home / "drops")
        server.prepare()
        try:
            for section in asked.sections:
                _measure(section, server, asked)
        finally:
            server.stop()
    report.write()
    print(f"written: {report.DOCS / 'performance.md'}")


def _measure(section: str, server: Server, asked: argparse.Namespace) -> None:
    sections: Mapping[str, Callable[[], Any]] = {
        "load": lambda: _loads(server, asked),
        "growth": lambda: _growth(server, asked),
        "publish": lambda: publishing.published(server, asked.publish, _tell),
        "reading": lambda: reading.read(server),
        "doors": lambda: doors.tiles(
            server.home / "releases" / MAP,
            server.onemap("db", "url", "--map", MAP, "--role", "onemap_web"),
        ),
        "start": lambda: start.started(server.home.with_name("start"), asked.rounds, _tell),
        "flames": lambda: _flames(server, asked.rows),
    }
    measured = sections[section]()
    if measured is not None:
        report.keep(section, measured)


def _loads(server: Server, asked: argparse.Namespace) -> list[Any]:
    wanted: tuple[tuple[layers.Kind, int], ...] = (
        ("points", asked.rows),
        ("polygons", asked.rows // 2),
    )
    formats: tuple[layers.Format, ...] = ("gpkg", "shp")
    return [
        load.compared(server, kind, rows, file_format, asked.rounds, _tell)
        for kind, rows in wanted
        for file_format in formats
    ]


def _growth(server: Server, asked: argparse.Namespace) -> list[Any]:
    halves = [size // 2 for size in asked.sizes if size <= asked.most_polygons * 2]
    return [
        *load.grown(server, "points", asked.sizes, "gpkg", _tell),
        *load.grown(server, "points", [asked.sizes[0], asked.most_shp], "shp", _tell),
        *load.grown(server, "polygons", halves, "gpkg", _tell),
        *load.grown(server, "polygons", [halves[0], halves[-1]], "shp", _tell),
    ]


def _flames(server: Server, rows: int) -> None:
    """A flame graph of the parent of one load (py-spy)."""
    layers.write("points", rows, "gpkg", server.drops)
    server.put_back()
    program = Path(sys.executable).with_name("py-spy")
    picture = report.DOCS / report.FLAMES
    command: list[str | Path] = [program, "record", "--rate", "200", "--output", picture]
    subprocess.run(
        [*command, "--", sys.executable, "-m", "bench.ours", "load", "bench_points_gpkg"],
        env={**os.environ, **server.environment},
        check=True,
    )


def _machine() -> dict[str, Any]:
    server = subprocess.run(["psql", "--version"], capture_output=True, text=True, check=True)
    gdal = subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True, check=True)
    about = Path("/proc/cpuinfo").read_text("utf-8")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "processor": about.partition("model name\t: ")[2].partition("\n")[0],
        "memory_gib": round(memory),
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": server.stdout.split()[2],
            "ogr2ogr": gdal.stdout.split()[1].rstrip(","),
            "GDAL in wheels": ".".join(map(str, pyogrio.__gdal_version__)),
            "PROJ": pyproj.proj_version_str,
            "GEOS": shapely.geos_version_string,
        },
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", default=SECTIONS, metavar="SECTION")
    parser.add_argument("--rows", type=int, default=100_000, help="points; half as many polygons")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publish", type=int, default=1_000_000, help="points that are published")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000, 3_000_000]
    )
    parser.add_argument("--most-shp", type=int, default=1_000_000, help="points in a shapefile")
    parser.add_argument("--most-polygons", type=int, default=500_000)
    parser.add_argument("--home", type=Path, help="a folder for the state, kept afterwards")
    asked = parser.parse_args()
    if unknown := set(asked.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    return asked


def _tell(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    main()
