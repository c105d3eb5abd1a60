"""JSON of features: counted by its brackets, and refused early where it would cost minutes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.read import ReadLimits
from geo.reader.formats.json_count import count
from tests.unit.deliveries import Reader, geojson, point_feature

pytestmark = pytest.mark.usefixtures("quick_reader")

QUICK = ReadLimits(seconds=20)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def esri(features: list[dict[str, Any]], **members: object) -> bytes:
    whole = {"geometryType": "esriGeometryPoint", "spatialReference": {"wkid": 4326}}
    return json.dumps({**whole, **members, "features": features}).encode()


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ('{"features": []}', 0),
        ('{"a": [{}], "features"\n:\t[ {}, {"features": [{}, {}]} ], "b": [{}]}', 2),
        ('{"a": "\\"features\\": [{", "features": [{"x": "]}"}, {"y": "\\\\"}]}', 2),
        ('{"a": {"features": [{}]}}', 0),
        ('{"properties": {"x": [[{}]]}, "featurfs": [{}]}', 0),
        ('{"features": [{}], "features": [{}]}', 2),
        ('{"features": [{}, {"a": [', 2),
        ("", 0),
    ],
)
def test_features_are_counted_by_brackets(text: str, features: int) -> None:
    assert count(text.encode()) == features


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=15)
@given(st.lists(st.dictionaries(st.text(), json_values)), st.booleans(), json_values)
def test_the_count_is_that_of_any_parser(
    features: list[dict[str, Any]], ascii_only: bool, more: object
) -> None:
    whole = {"before": more, "features": features, "after": more}
    assert count(json.dumps(whole, ensure_ascii=ascii_only).encode()) == len(features)


def test_a_collection_without_its_features_is_no_empty_layer(reader: Reader) -> None:
    content = geojson([point_feature(1, 2)]).replace(b'"features"', b'"featurfs"')
    assert reader.refused("geojson", "x.geojson", content) == "json_broken"
    nothing = b'{"type": "FeatureCollection", "features": null}'
    assert reader.refused("geojson", "x.geojson", nothing) == "json_broken"
    assert reader.table("geojson", "x.geojson", geojson([])).table.num_rows == 0


def test_of_two_lists_of_features_none_is_left_aside(reader: Reader) -> None:
    one = json.dumps([point_feature(1, 2)])
    content = f'{{"type": "FeatureCollection", "features": {one}, "features": {one}}}'
    assert reader.table("geojson", "x.geojson", content.encode()).report.records == 2
    content = '{"features": [{"attributes": {}}], "features": [{"attributes": {}}]}'
    assert reader.refused("esri_json", "x.json", content.encode()) == "rows_lost"


def test_one_feature_is_one_record(reader: Reader) -> None:
    read = reader.table("geojson", "x.geojson", json.dumps(point_feature(1, 2, a=1)).encode())
    assert (read.report.records, read.table.num_rows) == (1, 1)


MANY = 100_000
KEYS = {f"k{n}": 1 for n in range(MANY)}


@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("geojson", geojson([point_feature(1, 2, **KEYS)])),
        ("geojson", geojson([point_feature(1, 2, **{name: 1}) for name in KEYS])),
        ("geojson", geojson([{"type": "Feature", "geometry": None, **KEYS}])),
        ("geojson", geojson([point_feature(1, 2, **{f"k{n % 1500}": 1}) for n in range(40_000)])),
        ("esri_json", esri([{"attributes": KEYS}])),
        ("esri_json", esri([{"attributes": {}}], fields=[{"name": name} for name in KEYS])),
    ],
    ids=["one", "own", "foreign", "sparse", "attributes", "fields"],
)
def test_columns_without_end_are_refused_early(reader: Reader, format: str, content: bytes) -> None:
    assert reader.refused(format, "x.json", content, limits=QUICK) == "too_many_columns"


def test_counting_takes_time_by_length_and_not_by_nesting() -> None:
    def cost(text: bytes) -> float:
        start = time.process_time()
        count(text)
        return time.process_time() - start

    size = 400_000
    flat = geojson([point_feature(1, 2)] * (size // 100))
    idle = max(cost(flat), cost(flat)) * size / len(flat)
    for odd in (b"[" * size, b'{"features":' * (size // 12), b'"\\' * (size // 2), b"{[}]" * 9_999):
        assert cost(odd) < 20 * idle


def test_positions_that_are_no_numbers_are_bad_rows_and_no_others(reader: Reader) -> None:
    def feature(kind: str, coordinates: object) -> dict[str, Any]:
        geometry = {"type": kind, "coordinates": coordinates}
        return {"type": "Feature", "properties": {}, "geometry": geometry}

    nan = float("nan")
    points: list[object] = [[nan, nan], ["x", "y"], [None, 1], [5]]
    bad = [feature("Point", place) for place in points]
    bad.append(feature("LineString", [[1, 1], ["a", 2]]))
    parts = [feature("Point", place)["geometry"] for place in (["x", "y"], [1, 2])]
    collection = {"type": "GeometryCollection", "geometries": parts}
    bad.append({"type": "Feature", "properties": {}, "geometry": collection})
    whole = {"type": "GeometryCollection", "geometries": parts[1:]}
    good = [{"type": "Feature", "properties": {}, "geometry": whole}]
    good += [feature("Point", []), feature("LineString", []), feature("Point", [1, 2])]
    read = reader.table("geojson", "x.geojson", geojson([*bad, *good]))
    assert [row.row for row in read.report.bad_rows] == list(range(1, len(bad) + 1))
    assert {row.code for row in read.report.bad_rows} == {"geometry_unreadable"}
    assert read.table.num_rows == len(good)
