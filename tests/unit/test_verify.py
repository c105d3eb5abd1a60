"""The second readers find what a writer got wrong: each product is spoilt in turn."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from geo.errors import ReleaseUnverified
from geo.publishing.columns import arrow_schema
from geo.publishing.files import fixed_dates, write_files
from geo.publishing.tiles import Archive
from geo.publishing.verifying.files import verify_files
from geo.publishing.verifying.mvt import DrawnLayer
from geo.publishing.verifying.tiles import verify_archive, verify_whole_map
from schemas.catalogue import load_catalogue
from schemas.models import Layer

BANGKOK = (100.3, 13.4, 101.0, 14.0)


@pytest.fixture(scope="module")
def parks() -> Layer:
    return load_catalogue().layers["parks"]


@pytest.fixture
def rows(parks: Layer) -> pa.Table:
    """Three parks; the last one is held at its district."""
    given: dict[str, list[Any]] = {
        "feature_id": ["a", "b", "c"],
        "name_th": ["สวนลุมพินี", "น้ำตก", None],
        "area_m2": [576000.0, 12.5, None],
        "district_code": ["1007", "1008", "1009"],
        "location_precision": ["exact", "exact", "district"],
        "source_id": ["s", "s", "s"],
        "geom": [shapely.to_wkb(shapely.Point(100.5, 13.7 + n / 100)) for n in (1, 2)] + [None],
    }
    schema = arrow_schema(parks)
    return pa.table(
        {
            name: pa.array(given.get(name, [None] * 3), schema.field(name).type)
            for name in schema.names
        },
        schema=schema,
    )


@pytest.fixture
def files(rows: pa.Table, parks: Layer, tmp_path: Path) -> dict[str, Path]:
    geojson = tmp_path / "parks.geojson"
    features = [
        {
            "type": "Feature",
            "id": row["feature_id"],
            "properties": {name: value for name, value in row.items() if name != "geom"},
            "geometry": row["geom"]
            and json.loads(shapely.to_geojson(shapely.from_wkb(row["geom"]))),
        }
        for row in rows.to_pylist()
    ]
    geojson.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    with fixed_dates():
        return {"geojson": geojson, **write_files(rows, parks, tmp_path)}


def spoil_geojson(path: Path, parks: Layer) -> None:
    content = json.loads(path.read_text("utf-8"))
    content["features"][1]["geometry"]["coordinates"][0] += 0.0001
    path.write_text(json.dumps(content), "utf-8")


def spoil_geopackage(path: Path, parks: Layer) -> None:
    meta, table = pyogrio.read_arrow(path)
    path.unlink()
    pyogrio.write_arrow(
        table.slice(0, 2),
        path,
        driver="GPKG",
        geometry_name=meta["geometry_name"],
        geometry_type="Point",
        crs="EPSG:4326",
    )


def spoil_csv(path: Path, parks: Layer) -> None:
    path.write_text(path.read_text("utf-8").replace("สวนลุมพินี", "สวนลุมพน"), "utf-8")


def spoil_parquet(path: Path, parks: Layer) -> None:
    table = pq.read_table(path)
    pq.write_table(table.append_column("contact", pa.array(["x"] * len(table))), path)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("geojson", spoil_geojson),
        ("gpkg", spoil_geopackage),
        ("csv", spoil_csv),
        ("parquet", spoil_parquet),
    ],
)
def test_a_spoilt_file_is_not_published(
    name: str,
    spoil: Callable[[Path, Layer], None],
    rows: pa.Table,
    parks: Layer,
    files: dict[str, Path],
) -> None:
    verify_files(rows, parks, files)
    spoil(files[name], parks)
    with pytest.raises(ReleaseUnverified, match=f"parks.{name}"):
        verify_files(rows, parks, files)


def archive(path: Path, tiles: dict[tuple[int, int], bytes], layer: Layer) -> Path:
    made = Archive(path)
    made.add(layer.style.min_zoom, tiles)
    vector_layers = [{"id": layer.id, "fields": {"feature_id": "String"}}]
    zooms = {"minzoom": layer.style.min_zoom, "maxzoom": layer.style.max_zoom}
    made.finish({**zooms, "vector_layers": vector_layers}, BANGKOK)
    made.close()
    return path


def test_tiles_without_a_located_feature_are_not_published(
    rows: pa.Table, parks: Layer, tmp_path: Path
) -> None:
    empty = archive(tmp_path / "parks.pmtiles", {}, parks)
    with pytest.raises(ReleaseUnverified, match="zoom 8 loses 2 features"):
        verify_archive(rows, parks, empty)
    nothing_located = rows.slice(2)
    assert set(verify_archive(nothing_located, parks, empty).values()) == {0}


@pytest.mark.parametrize("inside", [True, False])
def test_a_feature_that_tiles_hold_in_their_margin_alone_is_lost(
    inside: bool, rows: pa.Table, parks: Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer draws no point from the margin of a tile, where its neighbour should have it."""

    def read(tile: bytes, _: object) -> list[DrawnLayer]:
        x, y = (np.array([share]) for share in json.loads(tile))
        texts: dict[str, list[str | None]] = {"feature_id": ["a"], "name_th": ["สวนลุมพินี"]}
        return [DrawnLayer("parks", list(texts), texts, x, y, np.array([inside]))]

    monkeypatch.setattr("geo.publishing.verifying.tiles.read_layers", read)
    made = Archive(tmp_path / "parks.pmtiles")
    east, south = (100.5 + 180) / 360, (1 - math.asinh(math.tan(math.radians(13.71))) / math.pi) / 2
    for zoom in range(parks.style.min_zoom, parks.style.max_zoom + 1):
        (x, column), (y, row) = (math.modf(share * 2**zoom) for share in (east, south))
        made.add(zoom, {(int(column), int(row)): json.dumps([x, y]).encode()})
    zooms = {"minzoom": parks.style.min_zoom, "maxzoom": parks.style.max_zoom}
    made.finish({**zooms, "vector_layers": []}, BANGKOK)
    made.close()
    one = rows.slice(0, 1)
    if inside:
        assert set(verify_archive(one, parks, tmp_path / "parks.pmtiles").values()) == {0}
    else:
        with pytest.raises(ReleaseUnverified, match="zoom 8 loses 1 features"):
            verify_archive(one, parks, tmp_path / "parks.pmtiles")


def test_the_whole_map_is_the_layers_and_nothing_else(parks: Layer, tmp_path: Path) -> None:
    one = archive(tmp_path / "one.pmtiles", {(199, 118): b"1", (200, 118): b"2"}, parks)
    two = archive(tmp_path / "two.pmtiles", {(200, 118): b"3", (0, 0): b"4"}, parks)
    tiles = {(199, 118): b"1", (200, 118): b"23", (0, 0): b"4"}
    verify_whole_map(archive(tmp_path / "map.pmtiles", tiles, parks), [one, two])
    for wrong in (
        {**tiles, (200, 118): b"32"},
        {**tiles, (1, 1): b"5"},
        {(199, 118): b"1", (200, 118): b"23"},
    ):
        with pytest.raises(ReleaseUnverified):
            verify_whole_map(archive(tmp_path / "map.pmtiles", wrong, parks), [one, two])
