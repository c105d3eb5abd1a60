"""Section `reading`: what planners ask PostGIS, timed by the server at the published layer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import psycopg

from bench import measure
from bench.server import Server

Json = dict[str, Any]

TRIES: Final = 15
SCREEN: Final = (0.022, 0.012)
"""Degrees of a screen at zoom 15: 1,024 by 600 pixels."""
QUERIES: Final = {
    "screen's bbox": (
        "select * from onemap.bench_points "
        "where geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
    ),
    "screen's bbox as of a time": (
        "select * from onemap.bench_points_as_of(now()) "
        "where geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
    ),
    "within 800 m": (
        "select count(*) from onemap.bench_points "
        "where onemap.within(geom, st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326), 800)"
    ),
    "all places in a screen's bbox": (
        "select * from onemap.place "
        "where geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
    ),
    "one feature by its id": "select * from onemap.bench_points where feature_id = %(id)s",
    "features by district": ("select district_code, count(*) from onemap.bench_points group by 1"),
}


def read(server: Server) -> list[Json]:
    """Milliseconds by query: the median, and the slowest of the tries, at random places."""
    with psycopg.connect(
        server.onemap("db", "url", "--map", "bench", "--role", "onemap_planner")
    ) as c:
        (rows,) = c.execute("select count(*) from onemap.bench_points").fetchone() or (0,)
        picked = c.execute(
            "select feature_id, st_x(geom), st_y(geom) from onemap.bench_points "
            "where abs(hashtext(feature_id::text)) %% %s = 0 limit %s",
            [max(1, rows // (20 * TRIES)), TRIES + 1],
        ).fetchall()
        return [_timed(c, name, query, picked, rows) for name, query in QUERIES.items()]


def _timed(
    connection: psycopg.Connection[Any], name: str, query: str, picked: list[Any], rows: int
) -> Json:
    times, returned = [], []
    for feature, lon, lat in picked:
        values = {
            "id": feature,
            **{"lon": lon, "lat": lat},
            **{"west": lon - SCREEN[0] / 2, "east": lon + SCREEN[0] / 2},
            **{"south": lat - SCREEN[1] / 2, "north": lat + SCREEN[1] / 2},
        }
        explain = f"explain (analyze, timing off, format json) {query}"
        (told,) = connection.execute(explain, values).fetchone() or ([],)
        times.append(told[0]["Execution Time"] + told[0]["Planning Time"])
        returned.append(told[0]["Plan"]["Actual Rows"])
    warm = times[1:]  # the first one loads PostGIS
    return {
        "query": name,
        "sql": query,
        "rows": rows,
        "returned": float(np.median(returned[1:])),
        "ms": measure.middle(warm),
        "slowest_ms": max(warm),
    }
