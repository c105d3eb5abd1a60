"""Section `start`: how long a person waits for a command that has little to do."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from os import environ
from pathlib import Path
from typing import Any, Final

from bench import measure
from bench.server import PROJECT

Json = dict[str, Any]
Tell = Callable[[str], None]

SOURCES: Final = 50
_SOURCE: Final = """\
id: bench_many_{n:02}
layer: bench_points
agency: sample_planning
title: {{ th: แหล่งที่ {n}, en: Source {n} }}
location: many_{n:02}.csv
format: csv
key: [ID]
position: {{ origin: columns, x: LON, y: LAT, crs: 'EPSG:4326' }}
columns:
  name_th: {{ column: NAME }}
"""
_MAP: Final = """\
id: many
title: {{ th: แหล่งจำนวนมาก, en: Many sources }}
area: bangkok
layers: [districts, subdistricts, bench_points]
sources: [sample_districts, sample_subdistricts, {sources}]
"""


def started(home: Path, rounds: int, tell: Tell) -> list[Json]:
    """Seconds by command: the sample's, and a run of fifty sources of which none is new."""
    sample = {"ONEMAP_HOME": str(home)}
    many = {**sample, **_many(home / "many")}
    tell("start: the maps are made")
    _seconds(["run"], sample)
    shutil.copytree(home / "drops/sample/planning", home / "many/drops/planning")
    _seconds(["run", "--map", "many"], many)
    commands: tuple[tuple[str, list[str], Mapping[str, str]], ...] = (
        ("onemap --help", ["--help"], sample),
        ("onemap layers", ["layers"], sample),
        ("onemap status", ["status"], sample),
        ("onemap holds", ["holds"], sample),
        ("onemap run (the sample, unchanged)", ["run"], sample),
        (f"onemap run ({SOURCES} sources, unchanged)", ["run", "--map", "many"], many),
    )
    found = []
    for name, words, environment in commands:
        tell(f"start: {name}")
        took = [_seconds(words, environment) for _ in range(rounds + 1)][1:]
        found.append({"command": name, "seconds": measure.middle(took), "slowest": max(took)})
    _seconds(["db", "stop"], sample)
    return found


def _seconds(words: list[str], environment: Mapping[str, str]) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [Path(sys.executable).with_name("onemap"), *words],
        env={**environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.monotonic() - began
    if done.returncode:
        raise measure.Failed(f"onemap {' '.join(words)}: {done.stderr[-2_000:]}")
    return took


def _many(folder: Path) -> Mapping[str, str]:
    """A project of fifty small deliveries of one layer."""
    project, drops = folder / "project", folder / "drops"
    shutil.copytree(PROJECT / "layers", project / "layers")
    for name in ("sources", "maps"):
        (project / name).mkdir()
    drops.mkdir()
    ids = [f"bench_many_{number:02}" for number in range(1, SOURCES + 1)]
    for number, source in enumerate(ids, 1):
        (project / f"sources/{source}.yaml").write_text(_SOURCE.format(n=number), "utf-8")
        with (drops / f"many_{number:02}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = [
                [row, f"ที่ {number}/{row}", 100.5 + number / 1e3, 13.75 + row / 1e5]
                for row in range(1, 21)
            ]
            csv.writer(file).writerows([["ID", "NAME", "LON", "LAT"], *rows])
    (project / "maps/many.yaml").write_text(_MAP.format(sources=", ".join(ids)), "utf-8")
    return {"ONEMAP_DECLARATIONS": str(project), "ONEMAP_DROPS": str(drops)}
