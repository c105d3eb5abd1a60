"""The second readers find what a writer got wrong: each product is spoilt in turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely

from geo.errors import ReleaseUnverified
from geo.publishing.columns import arrow_schema
from geo.publishing.facts import Facts
from geo.publishing.files import WRITERS, fixed_dates
from geo.publishing.rows import Rows
from geo.publishing.verifying.files import verify_file
from schemas.catalogue import load_catalogue
from schemas.models import GeometryKind, Layer


@pytest.fixture(scope="module")
def parks() -> Layer:
    return load_catalogue().layers["parks"]


@pytest.fixture(scope="module")
def catchments() -> Layer:
    return load_catalogue().layers["health_catchments"]


@pytest.fixture(scope="module")
def canals(catchments: Layer) -> Layer:
    return catchments.model_copy(update={"id": "canals", "geometry": GeometryKind.line})


@pytest.fixture
def rows(parks: Layer) -> pa.Table:
    """Three parks; the last one is held at its district."""
    return some_rows(parks)


def some_rows(layer: Layer) -> pa.Table:
    """Three features; the last one has no position. Polygons have a hole, and two parts."""
    given: dict[str, list[Any]] = {
        "feature_id": ["a", "b", "c"],
        "name_th": ["สวนลุมพินี", '=น้ำ,"ตก"\nและ\\', None],
        "name_en": ["", "-1", "x"],
        "area_m2": [576000.0, 12.5, None],
        "district_code": ["1007", "1008", "1009"],
        "location_precision": ["exact", "exact", "district"],
        "source_id": ["s", "s", "s"],
        "geom": [shapely.to_wkb(_shape(layer, n)) for n in (1, 2)] + [None],
    }
    schema = arrow_schema(layer)
    return pa.table(
        {
            name: pa.array(given.get(name, [None] * 3), schema.field(name).type)
            for name in schema.names
        },
        schema=schema,
    )


def _shape(layer: Layer, number: int) -> shapely.Geometry:
    south = 13.7 + number / 100
    if layer.geometry is GeometryKind.point:
        return shapely.Point(100.5, south)
    if layer.geometry is GeometryKind.line:
        lines = [[(100.5, south), (100.6, south)], [(100.7, south), (100.6, 14), (100.5, south)]]
        return shapely.multilinestrings([shapely.LineString(line) for line in lines])
    ring = [(100.5, south), (100.51, south), (100.508, south + 0.004), (100.5, south + 0.01)]
    hole = [(100.502, south + 0.001), (100.502, south + 0.002), (100.503, south + 0.001)]
    part = shapely.Polygon(ring, [hole]).normalize()
    return shapely.multipolygons([part, shapely.box(100.6, south, 100.61, south + 0.01)])


def kept(table: pa.Table, layer: Layer, folder: Path) -> Rows:
    """The rows as the database would have given them."""
    path, facts = folder / "rows", Facts()
    with pa.ipc.new_file(path, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=2):
            writer.write_batch(batch)
            facts.add(batch)
    return Rows(layer, path, facts)


def written(table: pa.Table, layer: Layer, product: str, folder: Path) -> Path:
    """A file of the layer with these rows in it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{layer.id}.{product}"
    if product == "geojson":
        path.write_text(geojson_of(table), "utf-8")
        return path
    with fixed_dates():
        WRITERS[product](kept(table, layer, folder), path)
    return path


def geojson_of(table: pa.Table) -> str:
    """As the database writes it: a feature is a line."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "id": row["feature_id"],
                "properties": {
                    name: value.isoformat() if isinstance(value, date) else value
                    for name, value in row.items()
                    if name != "geom"
                },
                "geometry": row["geom"]
                and json.loads(
                    shapely.to_geojson(shapely.orient_polygons(shapely.from_wkb(row["geom"])))
                ),
            },
            ensure_ascii=False,
        )
        for row in table.to_pylist()
    ]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"


def replaced(table: pa.Table, column: str, values: list[Any]) -> pa.Table:
    at = table.schema.get_field_index(column)
    return table.set_column(
        at, table.schema.field(at), pa.array(values, table.schema.field(at).type)
    )


def moved(table: pa.Table, by: float) -> pa.Table:
    """One vertex of the second shape, and nothing of what it covers."""
    first, second, *others = table["geom"].to_pylist()
    shape = shapely.from_wkb(second)
    vertices = shapely.get_coordinates(shape)
    vertices[len(vertices) // 2] += by
    spoilt = shapely.to_wkb(shapely.set_coordinates(shape, vertices))
    return replaced(table, "geom", [first, spoilt, *others])


SPOILT: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a text": lambda table: replaced(
        table, "name_th", ["สวนลุมพน", *table["name_th"].to_pylist()[1:]]
    ),
    "a text for none": lambda table: replaced(
        table, "name_th", [*table["name_th"].to_pylist()[:2], "x"]
    ),
    "a number": lambda table: replaced(table, "area_m2", [576000.0, 12.500000001, None]),
    "a row less": lambda table: table.slice(0, 2),
    "a row more": lambda table: pa.concat_tables([table, table.slice(2)]),
    "two rows in the other order": lambda table: table.take([1, 0, 2]),
    "a vertex": lambda table: moved(table, 0.000001),
    "no shape": lambda table: replaced(table, "geom", [table["geom"][0].as_py(), None, None]),
    "a shape for none": lambda table: replaced(table, "geom", [table["geom"][0].as_py()] * 3),
}


@pytest.mark.parametrize("product", ["geojson", *WRITERS])
@pytest.mark.parametrize("kind", ["parks", "catchments", "canals"])
def test_a_file_that_differs_from_the_rows_is_not_published(
    product: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    layer: Layer = request.getfixturevalue(kind)
    table = some_rows(layer)
    rows = kept(table, layer, tmp_path)
    verify_file(rows, product, written(table, layer, product, tmp_path / "whole"))
    known = {what: spoil for what, spoil in SPOILT.items() if what != "a number" or kind == "parks"}
    missed = [
        what
        for what, spoil in known.items()
        if not is_refused(rows, product, written(spoil(table), layer, product, tmp_path / what))
    ]
    assert missed == []


def is_refused(rows: Rows, product: str, path: Path) -> bool:
    try:
        verify_file(rows, product, path)
    except ReleaseUnverified as error:
        return path.name in str(error)
    return False


@pytest.mark.parametrize("product", ["geojson", *WRITERS])
def test_a_column_that_is_not_public_is_found(product: str, parks: Layer, tmp_path: Path) -> None:
    """Whoever writes one by mistake does not publish it."""
    more = parks.columns | {"contact": parks.columns["name_th"]}
    table = some_rows(parks)
    other = some_rows(parks.model_copy(update={"columns": more}))
    path = written(other, parks.model_copy(update={"columns": more}), product, tmp_path / "more")
    with pytest.raises(ReleaseUnverified, match=f"parks.{product}"):
        verify_file(kept(table, parks, tmp_path), product, path)


@pytest.mark.parametrize("product", ["geojson", *WRITERS])
def test_half_a_file_is_not_published(product: str, parks: Layer, tmp_path: Path) -> None:
    table = some_rows(parks)
    path = written(table, parks, product, tmp_path / "half")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ReleaseUnverified, match=f"parks.{product}"):
        verify_file(kept(table, parks, tmp_path), product, path)


@pytest.mark.parametrize("product", ["geojson", *WRITERS])
def test_batches_of_any_size_are_the_same_file(
    product: str, parks: Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader hands over at a time is not what was written at a time."""
    table = pa.concat_tables([some_rows(parks)] * 7)
    ids = pa.array([f"{number:02}" for number in range(len(table))])  # each has its own, in order
    table = table.set_column(0, table.schema.field(0), ids)
    path = written(table, parks, product, tmp_path / "whole")
    monkeypatch.setattr("geo.publishing.verifying.files.BATCH_ROWS", 5)
    monkeypatch.setattr("geo.publishing.verifying.files._BLOCK", 700)
    verify_file(kept(table, parks, tmp_path), product, path)
