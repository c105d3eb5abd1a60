"""The second readers find what a writer got wrong: each product is spoilt in turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from geo.errors import ReleaseUnverified
from geo.publishing.columns import arrow_schema
from geo.publishing.files import fixed_dates, write_files
from geo.publishing.verifying.files import verify_files
from schemas.catalogue import load_catalogue
from schemas.models import Layer


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
