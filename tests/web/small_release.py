"""Writes a release folder of the small city, in the form that publishing writes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from psycopg import sql
from small_city import SOURCES, Rows

from geo.publishing.style import build_style
from schemas.catalog import MapView
from schemas.models import Layer, Privacy

MAX_ZOOM = 12
TILE_COLUMNS = (
    "feature_id",
    "name_th",
    "name_en",
    "district_code",
    "subdistrict_code",
    "source_id",
    "location_precision",
)


def write_release(
    folder: Path, url: str, view: MapView, city: dict[str, Rows], number: int = 1
) -> dict[str, Any]:
    """Write `folder`/<number> and answer its manifest."""
    target = folder / str(number)
    (target / "tiles").mkdir(parents=True)
    (target / "data").mkdir()
    shapes = [row["geom"] for row in city["districts"].rows]
    bounds = [round(float(edge), 6) for edge in shapely.total_bounds(shapes)]
    layers = [_write_layer(target, layer, city[layer.id]) for layer in view.layers]
    archive = _write_tiles(target, url, view, bounds)
    labels = _write_json(target, "labels.geojson", _labels(city))
    style = build_style(
        view.map.title, view.layers, tuple(bounds), archive["path"], labels["path"]
    )
    files = {
        "pmtiles": archive,
        "labels": labels,
        "style": _write_json(target, "style.json", style),
        "held": _write_json(target, "held.json", _held(city)),
    }
    assert view.map.notice
    manifest = {
        "map": view.map.id,
        "title": view.map.title.model_dump(),
        "notice": view.map.notice.model_dump(),
        "sample": view.map.sample,
        "release": number,
        "published_at": "2025-03-01T02:00:00Z",
        "data_as_of": "2025-02-14",
        "bounds": bounds,
        "layers": layers,
        "sources": [_source(view, layer.id) for layer in view.layers],
        "files": files,
    }
    _write_json(target, "manifest.json", manifest)
    return manifest


def _write_layer(target: Path, layer: Layer, rows: Rows) -> dict[str, Any]:
    public = [
        name
        for name, column in layer.columns.items()
        if column.privacy is Privacy.public
    ]
    held = Counter(row["location_precision"] for row in rows.rows)
    located = held.pop("exact", 0)
    wanted = [
        "feature_id",
        "district_code",
        "subdistrict_code",
        "location_precision",
        *public,
    ]
    table = [
        {name: _plain(row.get(name)) for name in wanted}
        | {"source_id": SOURCES[layer.id]}
        for row in rows.rows
    ]
    parquet = pa.Table.from_pylist(table).append_column(
        "geom",
        pa.array([row["geom"] and shapely.to_wkb(row["geom"]) for row in rows.rows]),
    )
    pq.write_table(parquet, target / "data" / f"{layer.id}.parquet")
    with (target / "data" / f"{layer.id}.csv").open("w", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    shapes = [row["geom"] for row in rows.rows if row["geom"] is not None]
    return {
        "id": layer.id,
        "title": layer.title.model_dump(),
        "role": layer.role.value,
        "geometry": layer.geometry.value,
        "features": len(rows.rows),
        "located": located,
        "held": {"subdistrict": held["subdistrict"], "district": held["district"]},
        "min_zoom": layer.style.min_zoom,
        "max_zoom": min(layer.style.max_zoom, MAX_ZOOM),
        "bounds": [float(edge) for edge in shapely.total_bounds(shapes)]
        if shapes
        else None,
        "tile_loss": {},
        "files": {
            kind: _entry(target, f"data/{layer.id}.{kind}")
            for kind in ("parquet", "csv")
        },
        "columns": [
            {
                "name": name,
                "type": layer.columns[name].type.value,
                "title": layer.columns[name].title.model_dump(),
                "unit": layer.columns[name].unit,
            }
            for name in public
        ],
    }


def _plain(value: Any) -> Any:
    return (
        str(value) if hasattr(value, "hex") and not isinstance(value, float) else value
    )


def _write_tiles(
    target: Path, url: str, view: MapView, bounds: list[float]
) -> dict[str, Any]:
    with (
        psycopg.connect(url) as connection,
        (target / "tiles" / "map").open("wb") as file,
    ):
        writer = Writer(file)
        parts = sql.SQL(" union all ").join(_tile_part(layer) for layer in view.layers)
        query = sql.SQL((Path(__file__).parent / "tiles.sql").read_text()).format(
            parts=parts
        )
        for z, x, y in _tile_numbers(bounds):
            found = connection.execute(query, {"z": z, "x": x, "y": y}).fetchone()
            if found and found[0]:
                writer.write_tile(
                    zxy_to_tileid(z, x, y), gzip.compress(bytes(found[0]), mtime=0)
                )
        vector_layers = [{"id": layer.id, "fields": {}} for layer in view.layers]
        header = {
            "tile_compression": Compression.GZIP,
            "tile_type": TileType.MVT,
            "min_lon_e7": int(bounds[0] * 1e7),
            "min_lat_e7": int(bounds[1] * 1e7),
            "max_lon_e7": int(bounds[2] * 1e7),
            "max_lat_e7": int(bounds[3] * 1e7),
        }
        writer.finalize(header, {"vector_layers": vector_layers})
    digest = hashlib.sha256((target / "tiles" / "map").read_bytes()).hexdigest()
    path = f"tiles/map-{digest[:8]}.pmtiles"
    (target / "tiles" / "map").rename(target / path)
    return _entry(target, path)


def _tile_part(layer: Layer) -> sql.Composed:
    columns = [
        *TILE_COLUMNS,
        *(
            name
            for name, column in layer.columns.items()
            if column.in_tiles and name not in TILE_COLUMNS
        ),
    ]
    return sql.SQL("""
        select {order} as ordinal, st_asmvt(t, {layer}, 4096, 'geom') as part from (
            select {columns}, st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s)) as geom
            from web.{table}
            where geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s), 4326)
              and %(z)s >= {min_zoom}
        ) t having count(*) > 0""").format(
        order=sql.Literal(layer.style.order),
        layer=sql.Literal(layer.id),
        table=sql.Identifier(layer.id),
        min_zoom=sql.Literal(layer.style.min_zoom),
        columns=sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns
        ),
    )


def _tile_numbers(bounds: list[float]) -> list[tuple[int, int, int]]:
    from morecantile import tms

    found = tms.get("WebMercatorQuad").tiles(*bounds, zooms=range(MAX_ZOOM + 1))
    numbers = [(tile.z, tile.x, tile.y) for tile in found]
    return sorted(numbers, key=lambda number: zxy_to_tileid(*number))


def _labels(city: dict[str, Rows]) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": json.loads(
                    shapely.to_geojson(shapely.point_on_surface(row["geom"]))
                ),
                "properties": {
                    "layer": layer,
                    "feature_id": str(row["feature_id"]),
                    "name_th": row["name_th"],
                    "name_en": row["name_en"],
                },
            }
            for layer in ("districts", "subdistricts")
            for row in city[layer].rows
        ],
    }


def _held(city: dict[str, Rows]) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {}
    places = []
    for layer, rows in city.items():
        for row in rows.rows:
            if row["location_precision"] != "exact":
                area = row["subdistrict_code"] or row["district_code"]
                counts.setdefault(area, Counter())[layer] += 1
                places.append(
                    {
                        "feature_id": str(row["feature_id"]),
                        "layer": layer,
                        "name_th": row["name_th"],
                        "name_en": row["name_en"],
                        "area": area,
                    }
                )
    areas = []
    for level in ("district", "subdistrict"):
        for row in city[f"{level}s"].rows:
            code = row[f"{level}_code"]
            if code in counts:
                spot = shapely.point_on_surface(row["geom"])
                areas.append(
                    {
                        "code": code,
                        "level": level,
                        "name_th": row["name_th"],
                        "name_en": row["name_en"],
                        "label": [spot.x, spot.y],
                        "counts": dict(counts[code]),
                    }
                )
    return {"areas": areas, "places": places}


def _source(view: MapView, layer: str) -> dict[str, Any]:
    source = next(source for source in view.sources if source.id == SOURCES[layer])
    agency = view.agencies[source.agency]
    return {
        "id": source.id,
        "layer": layer,
        "agency": agency.title.model_dump(),
        "title": source.title.model_dump(),
        "licence": agency.licence.model_dump(),
        "sha256": "0" * 64,
        "fetched_at": "2025-02-28T19:00:00Z",
        "as_of": source.as_of or "2025-02-14",
    }


def _write_json(target: Path, name: str, data: Any) -> dict[str, Any]:
    (target / name).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return _entry(target, name)


def _entry(target: Path, path: str) -> dict[str, Any]:
    content = (target / path).read_bytes()
    return {
        "path": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
