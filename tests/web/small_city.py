"""A small city for the web tests: the districts of Bangkok grown from their centroids, and places.

Rows are written straight into `core`, as a load would leave them, so that the readers' views are
the real ones. Deterministic.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geothai
import numpy as np
import psycopg
import shapely
from psycopg import sql

from geo.publish import Release, publish
from geo.settings import project_folder
from geo.store import lease
from geo.store.database import open_engine
from geo.store.declare import declare
from schemas.catalogue import MapView, load_catalogue
from schemas.models import Bilingual, Layer, OneMap, Source

MAX_ZOOM = 12
COUNTED = {"public_spaces": 11}
"""Layers that are counts below a zoom."""
NAMESPACE = uuid.UUID("7d6f0f5e-9c3b-4f5e-8b57-0d9b0a4c2f11")
NOTICE = Bilingual(th="ข้อมูลตัวอย่าง ไม่ใช่ข้อมูลจริง", en="Sample data, not real")
TITLE = Bilingual(th="เมืองทดสอบ", en="Test city")
NAMES = {
    "parks": ("สวนสาธารณะ", "Park"),
    "gardens_15min": ("สวน ๑๕ นาที", "15-minute garden"),
    "public_spaces": ("ลานกีฬา", "Sports ground"),
    "primary_care": ("ศูนย์บริการสาธารณสุข", "Public health centre"),
    "hospitals": ("โรงพยาบาล", "Hospital"),
    "housing_communities": ("ชุมชนริมน้ำ", "Riverside community"),
}
COUNTS = {
    "parks": 60,
    "gardens_15min": 50,
    "public_spaces": 80,
    "primary_care": 160,
    "hospitals": 40,
    "housing_communities": 120,
}
DATED = {"bangkok_hospitals": "2024-12-31"}
SOURCES = {
    "districts": "bangkok_districts",
    "subdistricts": "bangkok_subdistricts",
    "health_catchments": "bangkok_health_catchments",
    "parks": "bangkok_parks",
    "gardens_15min": "bangkok_gardens_15min",
    "public_spaces": "bangkok_sports_fields",
    "primary_care": "bangkok_health_centres",
    "hospitals": "bangkok_hospitals",
    "housing_communities": "bangkok_communities",
}


@dataclass
class Rows:
    """Features of one layer: dicts of the layer's columns, geometry as shapely or None."""

    layer: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def at_area(self) -> int:
        """How many have no position."""
        return sum(row["location_precision"] != "exact" for row in self.rows)


def city_view() -> MapView:
    """Bangkok's declarations under another name."""
    catalogue = load_catalogue()
    view = catalogue.map_view("bangkok")
    layers = tuple(_with_fewer_zooms(layer) for layer in view.layers)
    one_map = OneMap(
        id="test",
        title=TITLE,
        area=view.map.area,
        layers=view.map.layers,
        sources=view.map.sources,
        notice=NOTICE,
        sample=True,
    )
    sources = tuple(_with_date(source) for source in view.sources)
    return MapView(one_map, view.area, layers, sources, view.agencies)


def _with_date(source: Source) -> Source:
    """The hospitals' agency states a date; the others state none, as in Bangkok."""
    stated = DATED.get(source.id)
    return source.model_copy(update={"as_of": stated}) if stated else source


def _with_fewer_zooms(layer: Layer) -> Layer:
    """Tiles of the last zooms are three quarters of all; no test needs them."""
    zooms = {
        "max_zoom": min(layer.style.max_zoom, MAX_ZOOM),
        "count_below": COUNTED.get(layer.id, 0),
    }
    style = layer.style.model_copy(update=zooms)
    return layer.model_copy(update={"style": style})


def load_city(url: str, view: MapView) -> dict[str, Rows]:
    """Declare the map and write its rows, to be published as release 1. Answers the rows."""
    engine = open_engine(url)
    declare(engine, view)
    engine.dispose()
    city = {rows.layer: rows for rows in _city()}
    with psycopg.connect(url) as connection:
        for rows in city.values():
            _insert(connection, rows)
    return city


def publish_city(url: str, view: MapView, releases: Path) -> Release | None:
    """Publish what is prepared in the database, as the main job does."""
    engine = open_engine(url)
    try:
        with lease.hold(engine, [layer.id for layer in view.layers]) as token:
            return publish(
                engine,
                token,
                view,
                releases_folder=releases,
            )
    finally:
        engine.dispose()


def _insert(connection: psycopg.Connection, rows: Rows) -> None:
    source = SOURCES[rows.layer]
    run = connection.execute(
        "insert into meta.run (source_id, layer_id, outcome, target_release, finished_at,"
        " fetched_at, snapshot_sha256, rows_in, rows_published, rows_quarantined, rows_filtered,"
        " rows_at_area)"
        " values (%s, %s, 'accepted', 1, now(), '2025-02-13T20:00Z', %s, %s, %s, 0, 0, %s)"
        " returning run_id",
        (source, rows.layer, "0" * 64, len(rows.rows), len(rows.rows), rows.at_area),
    ).fetchone()
    assert run is not None
    for number, row in enumerate(rows.rows, 1):
        geometry = row["geom"]
        values = {
            **row,
            "geom": None if geometry is None else shapely.to_wkb(geometry, include_srid=True),
            "source_id": source,
            "source_key": str(number),
            "source_row": number,
            "run_id": run[0],
            "content_hash": bytes(16),
            "release_from": 1,
        }
        insert = sql.SQL("insert into core.{} ({}) values ({})").format(
            sql.Identifier(rows.layer),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )
        connection.execute(insert, values)


def _city() -> Iterator[Rows]:
    random = np.random.default_rng(2568)
    with (project_folder() / "samples" / "bangkok_districts.csv").open(
        encoding="utf-8-sig"
    ) as file:
        figures = list(csv.DictReader(file))
    centres = shapely.points([(float(row["lon"]), float(row["lat"])) for row in figures])
    outline = shapely.concave_hull(shapely.multipoints(centres), ratio=0.5).buffer(0.025)
    polygons = _cells(centres, outline)
    districts = Rows("districts")
    subdistricts = Rows("subdistricts")
    for figure, polygon in zip(figures, polygons, strict=True):
        code = figure["code"]
        name = figure["name_th"].removeprefix("เขต")
        districts.rows.append(
            _row(
                "districts",
                code,
                polygon,
                name,
                figure["name_en"],
                district_code=code,
                population=int(figure["population_2568"]),
                area_m2=float(figure["area_km2"]) * 1e6,
            )
        )
        subdistricts.rows += _subdistricts(code, polygon, random)
    yield districts
    yield subdistricts
    yield _catchments(districts)
    for layer, count in COUNTS.items():
        yield _places(layer, count, subdistricts.rows, random)


def _cells(points: Sequence[shapely.Point], outline: shapely.Geometry) -> list[shapely.Geometry]:
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline)
    )
    tree = shapely.STRtree(cells)
    _, order = tree.query(points, predicate="intersects")
    return [shapely.intersection(cells[index], outline) for index in order]


def _subdistricts(
    code: str, polygon: shapely.Geometry, random: np.random.Generator
) -> list[dict[str, Any]]:
    known = sorted(geothai.subdistricts(code), key=lambda area: area.code)
    spots = _points_inside(polygon, len(known), random)
    cells = [polygon] if len(known) == 1 else _cells(spots, polygon)
    return [
        _row(
            "subdistricts",
            area.code,
            cell,
            area.name_th,
            area.name_en,
            district_code=code,
            subdistrict_code=area.code,
        )
        for area, cell in zip(known, cells, strict=True)
    ]


def _catchments(districts: Rows) -> Rows:
    chosen = districts.rows[:6]
    rows = [
        _row(
            "health_catchments",
            row["district_code"],
            row["geom"].buffer(-0.002),
            f"พื้นที่ ศบส. {number}",
            f"Catchment of health centre {number}",
            district_code=row["district_code"],
            centre_code=f"{number:02}",
        )
        for number, row in enumerate(chosen, 1)
    ]
    return Rows("health_catchments", rows)


def _places(
    layer: str, count: int, areas: list[dict[str, Any]], random: np.random.Generator
) -> Rows:
    rows = Rows(layer)
    held_share = {"housing_communities": 1.0, "parks": 0.4, "gardens_15min": 0.3}.get(layer, 0.0)
    for number in range(1, count + 1):
        area = areas[int(random.integers(len(areas)))]
        th, en = NAMES[layer]
        exact = number > count * held_share
        by_district = not exact and layer != "housing_communities"
        point = _points_inside(area["geom"], 1, random)[0] if exact else None
        row = _row(
            layer,
            str(number),
            point,
            f"{th} {number} {area['name_th']}",
            f"{en} {number}" if number % 3 else None,
            district_code=area["district_code"],
            subdistrict_code=None if by_district else area["subdistrict_code"],
            location_precision="exact" if exact else "district" if by_district else "subdistrict",
            **_values(layer, number),
        )
        rows.rows.append(row)
    if layer == "primary_care":  # three in one building
        for row in rows.rows[-2:]:
            row["geom"] = rows.rows[-3]["geom"]
    return rows


def _values(layer: str, number: int) -> dict[str, Any]:
    match layer:
        case "parks":
            return {"park_type": "สวนชุมชน", "area_m2": 1600.0 * number}
        case "gardens_15min":
            return {"works": "new_build", "status": "open", "completed_year": 2024,
                    "completed_on": date(2024, 1, 1 + number % 28)}  # fmt: skip
        case "public_spaces":
            return {"space_type": "community", "area_m2": 400.0}
        case "primary_care":
            kind = ("health_centre", "clinic", "pharmacy")[number % 3]
            return {
                "care_type": kind,
                "phone": f"02 000 {number:04}",
                "lgbt_clinic": number % 9 == 0,
            }
        case "hospitals":
            return {"hospital_type": ("public", "private")[number % 2], "beds": 30 * number,
                    "address": "<b onmouseover=alert(1)>ถนนพระราม ๔</b>"}  # fmt: skip
        case _:
            return {"community_type": "crowded", "population": 10 * number, "men": 4 * number,
                    "women": 6 * number, "households": 3 * number,
                    "contact_name": "ชื่อบุคคลที่ต้องไม่เผยแพร่"}  # fmt: skip


def _row(
    layer: str,
    key: str,
    geom: shapely.Geometry | None,
    name_th: str,
    name_en: str | None,
    **values: Any,
) -> dict[str, Any]:
    if geom is not None:
        if geom.geom_type == "Polygon":
            geom = shapely.multipolygons([geom])
        geom = shapely.set_srid(geom, 4326)
    return {
        "feature_id": uuid.uuid5(NAMESPACE, f"{layer}/{key}"),
        "name_th": name_th,
        "name_en": name_en,
        "location_precision": "exact",
        "subdistrict_code": None,
        **values,
        "geom": geom,
    }


def _points_inside(
    polygon: shapely.Geometry, count: int, random: np.random.Generator
) -> list[shapely.Point]:
    west, south, east, north = polygon.bounds
    found: list[shapely.Point] = []
    while len(found) < count:
        tries = shapely.points(random.uniform((west, south), (east, north), (64, 2)))
        found += list(tries[shapely.contains(polygon, tries)])
    return found[:count]
