"""The goals, each held against the figure that was measured for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
Results = Mapping[str, Any]

FASTER: Final = {
    ("points", "gpkg"): 4.0,
    ("points", "shp"): 3.0,
    ("polygons", "gpkg"): 4.0,
    ("polygons", "shp"): 3.0,
}
"""How many times faster than ogr2ogr a load shall be."""
OVER_LIMIT: Final = 2.0
MOST_MB: Final = 1024.0
MOST_EXPONENT: Final = 1.05
MOST_OF_FULL: Final = 0.20
MOST_TILE: Final = 500_000
MOST_VIEW: Final = 1_000_000
MOST_MS: Final = {
    "screen's bbox": 10.0,
    "screen's bbox as of a time": 20.0,
}
MOST_TIMES_STATIC: Final = 1.5
MOST_SECONDS: Final = {
    "onemap --help": 0.3,
    "onemap layers": 0.7,
    "onemap status": 0.7,
    "onemap holds": 0.7,
    "onemap run (the sample, unchanged)": 2.5,
    "onemap run (50 sources, unchanged)": 2.0,
}


@dataclass(frozen=True)
class Goal:
    """What was wanted, what was measured, and whether it was met."""

    what: str
    wanted: str
    figure: str
    met: bool


def goals(results: Results) -> list[Goal]:
    """All goals for which there is a figure."""
    return [
        *_loads(results.get("load", [])),
        *_growth(results.get("growth", [])),
        *_publishing(results.get("publish")),
        *_reading(results.get("reading", [])),
        *_doors(results.get("doors")),
        *_starts(results.get("start", [])),
    ]


def exponent(sizes: list[int], values: list[float]) -> float:
    """How a figure grows with the rows: the slope of the line through the logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    rise = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return rise / sum((a - middle_x) ** 2 for a in x)


def _loads(measured: list[Json]) -> Iterator[Goal]:
    for one in measured:
        costs = one["costs"]
        ours, name = costs["One Map"]["wall"], f"{one['rows']:,} {one['kind']}, {one['format']}"
        wanted = FASTER[one["kind"], one["format"]]
        times = costs["ogr2ogr"]["wall"] / ours
        yield Goal(
            f"load, {name}: faster than ogr2ogr",
            f"≥ {wanted:.0f} times",
            f"{times:.1f} times ({ours:.2f} s, {costs['ogr2ogr']['wall']:.2f} s)",
            times >= wanted,
        )
        over = ours / costs["limit"]["wall"]
        yield Goal(
            f"load, {name}: over what COPY, GIST and key take",
            f"≤ {OVER_LIMIT:.0f} times",
            f"{over:.1f} times ({costs['limit']['wall']:.2f} s)",
            over <= OVER_LIMIT,
        )


def _growth(measured: list[Json]) -> Iterator[Goal]:
    for kind, file_format in dict.fromkeys((one["kind"], one["format"]) for one in measured):
        mine = [one for one in measured if (one["kind"], one["format"]) == (kind, file_format)]
        largest = max(mine, key=lambda one: one["rows"])
        peak = max(largest["peak_mb"].values())
        yield Goal(
            f"memory of any process, {largest['rows']:,} {kind}, {file_format}",
            "< 1 GiB",
            f"{peak:,.0f} MiB",
            peak < MOST_MB,
        )
        if len(mine) > 1:
            sizes, walls = [one["rows"] for one in mine], [one["said"]["load"] for one in mine]
            slope = exponent(sizes, walls)
            yield Goal(
                f"time against rows, {kind}, {file_format}",
                f"exponent ≤ {MOST_EXPONENT}",
                f"{slope:.2f}",
                slope <= MOST_EXPONENT,
            )


def _publishing(measured: Json | None) -> Iterator[Goal]:
    if not measured:
        return
    full = measured["releases"]["full"]
    for edit, where in (("together", "around one place"), ("spread", "everywhere")):
        release = measured["releases"][edit]
        share = release["said"]["publish"] / full["said"]["publish"]
        yield Goal(
            f"publish after 1 % changed, {where}",
            f"< {MOST_OF_FULL:.0%} of a full build",
            f"{share:.0%} ({release['said']['publish']:.1f} s of {full['said']['publish']:.1f} s)",
            share < MOST_OF_FULL,
        )
    peak = max(full["peak_mb"].values())
    yield Goal(
        f"memory of any process, publishing {measured['rows']:,} points",
        "< 1 GiB",
        f"{peak:,.0f} MiB",
        peak < MOST_MB,
    )
    biggest = max(one["biggest"] for one in measured["tiles"])
    yield Goal(
        f"biggest tile, {measured['rows']:,} points",
        "≤ 500 KB",
        f"{biggest / 1000:,.0f} KB",
        biggest <= MOST_TILE,
    )
    view = measured["first_view"]["bytes"]
    yield Goal("first view in a browser", "< 1 MB", f"{view / 1e6:.2f} MB", view < MOST_VIEW)


def _reading(measured: list[Json]) -> Iterator[Goal]:
    for one in measured:
        if wanted := MOST_MS.get(one["query"]):
            yield Goal(
                f"{one['query']}, {one['rows']:,} rows",
                f"< {wanted:.0f} ms",
                f"{one['ms']:.1f} ms",
                one["ms"] < wanted,
            )


def _doors(measured: Json | None) -> Iterator[Goal]:
    if measured:
        times = measured["tile"]["p99_ms"] / measured["static"]["p99_ms"]
        yield Goal(
            "a tile, 8 clients, p99",
            f"≤ {MOST_TIMES_STATIC} times StaticFiles",
            f"{times:.2f} times ({measured['tile']['p99_ms']:.1f} ms)",
            times <= MOST_TIMES_STATIC,
        )


def _starts(measured: list[Json]) -> Iterator[Goal]:
    for one in measured:
        wanted = MOST_SECONDS[one["command"]]
        yield Goal(
            one["command"], f"≤ {wanted} s", f"{one['seconds']:.2f} s", one["seconds"] <= wanted
        )
