"""One map of thirty sources, five of which fail, each in another way: the others are published."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from flows.pipeline import refresh
from geo.reading import child
from schemas.models import PatternRule, Source
from schemas.models.source import Position
from tests.flows.conftest import SmallCity
from tests.flows.test_faults import fail_step

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_reader")]

GOOD = 23
"""Registers of parks; with districts and subdistricts, twenty-five sources are good."""
FAILING = {
    "not_a_number": "held",
    "curved": "held",
    "exploding_rule": "fault",
    "injected": "fault",
    "killed": "refused",
}


def register(name: str) -> str:
    return f"id,dcode,park_name,area\n{name}1,1001,สวน {name},1000\n{name}2,1002,สวน,2000\n"


def not_a_number() -> str:
    """A row that is bad and holds what JSON lacks."""
    properties = '{"id": "1", "dcode": "9999", "park_name": "ก", "area": NaN}'
    shape = '{"type": "Point", "coordinates": [10.0, 10.0]}'
    feature = f'{{"type": "Feature", "properties": {properties}, "geometry": {shape}}}'
    return f'{{"type": "FeatureCollection", "features": [{feature}]}}'


def write_curve(path: Path) -> None:
    """A GeoPackage whose one shape is a true arc."""
    columns = {"id": ["1"], "dcode": ["1001"], "park_name": ["โค้ง"], "area": ["5"]}
    frame = geopandas.GeoDataFrame(columns, geometry=[shapely.Point(100.49, 13.75)], crs=4326)
    frame.to_file(path, driver="GPKG", SPATIAL_INDEX="NO", layer="parks")
    arc = struct.pack("<BII6d", 1, 8, 3, 100.48, 13.75, 100.49, 13.76, 100.5, 13.75)
    blob = b"GP\x00\x01" + struct.pack("<i", 4326) + arc
    with sqlite3.connect(path) as package:
        package.execute("update parks set geom = ?", (blob,))
        package.execute("update gpkg_geometry_columns set geometry_type_name = 'GEOMETRY'")


@pytest.fixture
def large_city(small_city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> SmallCity:
    """Thirty sources: two of boundaries, 23 that are good, five that fail."""
    view = small_city.job.view
    parks = view.layer("parks")
    exploding = parks.model_copy(
        update={
            "id": "exploding",
            "rules": (PatternRule(rule="pattern", column="name_th", pattern="(?=ก)ข"),),
        }
    )
    names = [f"good_{number:02}" for number in range(GOOD)] + list(FAILING)
    for name in names:
        small_city.write(f"many/{name}.csv", register(name).encode())
    small_city.write("many/not_a_number.geojson", not_a_number().encode())
    write_curve(small_city.drops / "many/curved.gpkg")
    sources = [source_of(view.source("bangkok_parks"), name) for name in names]
    boundaries = [source for source in view.sources if source.layer.endswith("districts")]
    changed = replace(view, sources=(*boundaries, *sources), layers=(*view.layers, exploding))
    small_city.job = replace(small_city.job, view=changed)
    assert len(small_city.job.view.sources) == 30
    fail_step(monkeypatch, "stream", ValueError("injected"), "injected")
    monkeypatch.setattr(child.Child, "hear", killed_where(child.Child.hear, "killed.csv"))
    return small_city


def source_of(pattern: Source, name: str) -> Source:
    own: dict[str, Any] = {"id": name, "location": f"many/{name}.csv"}
    if name == "exploding_rule":
        own |= {"layer": "exploding"}
    files = {"not_a_number": ("geojson", "geojson"), "curved": ("geopackage", "gpkg")}
    if name in files:
        format_name, suffix = files[name]
        own |= {"format": format_name, "location": f"many/{name}.{suffix}"}
        own |= {"position": Position(origin="file", crs="EPSG:4326")}
    return pattern.model_copy(update=own)


def killed_where(hear: Callable[..., child.End], name: str) -> Callable[..., child.End]:
    """The reader of one file is killed by the system, as one that takes too much memory is."""

    def instead(self: child.Child, *given: Any) -> child.End:
        if name in json.loads((self.folder / "job.json").read_text("utf-8"))["files"]:
            self.stop()
            return child.End(-signal.SIGKILL, timed_out=False, said="", walls=None)
        return hear(self, *given)

    return instead


def test_five_that_fail_in_five_ways_stop_none_of_the_others(large_city: SmallCity) -> None:
    for night in (1, 2):
        result = refresh(large_city.job)
        outcomes = {source.source_id: source.outcome for source in result.sources}
        failed = {name: outcomes.pop(name) for name in FAILING}
        assert failed == FAILING, [source.reason for source in result.sources]
        assert len(outcomes) == 25
        assert set(outcomes.values()) == {"accepted" if night == 1 else "unchanged"}
        assert result.exit_code == os.EX_SOFTWARE
        assert (result.release is not None) == (night == 1)
        assert large_city.scalars("select count(*) from onemap.parks") == [2 * GOOD]
    assert large_city.scalars("select max(release) from meta.release") == [1]
