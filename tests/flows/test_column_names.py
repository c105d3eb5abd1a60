"""Names that SQL, a format or a tool keeps for itself: each column arrives in every product."""

from __future__ import annotations

import json
from dataclasses import replace

import geopandas
import pyogrio
import pytest
from pydantic import ValidationError

from flows.job import Job
from geo.publishing.columns import written_names
from schemas.models import Column, Layer, Mapping, Source
from schemas.models.layer import POSTGRES_COLUMNS
from tests.flows.conftest import SmallCity

pytestmark = pytest.mark.slow

WORDS = (
    # SQL, and the names of our own statements
    *("natural", "order", "user", "select", "group", "limit", "desc", "table", "primary", "null"),
    *("at", "release", "l", "r", "p", "a", "k", "s", "source", "target", "run", "kind", "names"),
    *("rows", "features", "oid", "rowid", "layer_name"),
    # formats and their readers
    *("id", "fid", "gid", "ogc_fid", "type", "geometry", "wkb_geometry", "the_geom", "shape"),
    *(
        "bbox",
        "properties",
        "feature",
        "crs",
        "coordinates",
        "lon",
        "lat",
        "geom_wkt",
        "wkt",
        "geo",
    ),
    *("fid_", "id_", "index", "layer", "name", "title", "year", "class", "style", "source_row_id"),
)
"""What a column may be called, and what has cost others theirs."""


@pytest.fixture
def worded(small_city: SmallCity) -> SmallCity:
    """The small city, whose one hospital has a column of each name."""
    view = small_city.job.view
    hospitals, source = view.layer("hospitals"), view.source("bangkok_hospitals")
    word = Column.model_validate(
        {"type": "text", "title": {"th": "คำ", "en": "word"}, "privacy": "public", "in_tiles": True}
    )
    columns = {name: hospitals.columns[name] for name in ("name_th", "name_en")}
    layer = hospitals.model_copy(
        update={"columns": columns | dict.fromkeys(WORDS, word), "rules": ()}
    )
    mapped = {word: Mapping(column=f"my_{word}") for word in WORDS}
    own = {"name_th": Mapping(column="name")}
    taking = source.model_copy(update={"columns": own | mapped, "unused": ()})
    small_city.job = with_layer(small_city.job, layer, taking)
    header = ",".join(["name", "dcode", "address", "lat", "lon", *(f"my_{w}" for w in WORDS)])
    row = ",".join(["โรงพยาบาล", "1001", "ถนน", "13.75", "100.49", *(f"{w} 1" for w in WORDS)])
    small_city.write("health/hospital/bkk_hospital.csv", f"{header}\n{row}\n".encode())
    return small_city


def with_layer(job: Job, layer: Layer, source: Source) -> Job:
    view = job.view
    layers = tuple(layer if old.id == layer.id else old for old in view.layers)
    sources = tuple(source if old.id == source.id else old for old in view.sources)
    return replace(job, view=replace(view, layers=layers, sources=sources))


def test_every_name_goes_through_load_and_into_every_product(worded: SmallCity) -> None:
    outcomes, release = worded.refresh()
    assert outcomes["bangkok_hospitals"].outcome == "accepted", outcomes["bangkok_hospitals"]
    assert release == 1
    quoted = ", ".join(f'"{word}"' for word in WORDS)
    in_database = worded.scalars(
        f"select to_jsonb(w.*) from (select {quoted} from onemap.hospitals) w"
    )
    assert in_database == [{word: f"{word} 1" for word in WORDS}]
    as_of = worded.scalars('select "at" from onemap.hospitals_as_of(now())')
    assert as_of == ["at 1"]
    folder = worded.job.settings.releases / "bangkok" / "1"
    layer = worded.job.view.layer("hospitals")
    for product in ("geojson", "gpkg", "csv", "parquet"):
        path = folder / "data" / f"hospitals.{product}"
        found = (
            geopandas.read_parquet(path) if product == "parquet" else pyogrio.read_dataframe(path)
        )
        names = written_names(layer, product)
        told = {word: str(found[names.get(word, word)].iloc[0]) for word in WORDS}
        assert told == {word: f"{word} 1" for word in WORDS}, product


def test_another_name_is_documented_and_takes_nobody_s(worded: SmallCity) -> None:
    worded.refresh()
    manifest = json.loads(
        (worded.job.settings.releases / "bangkok" / "1" / "manifest.json").read_text("utf-8")
    )
    (layer,) = [layer for layer in manifest["layers"] if layer["id"] == "hospitals"]
    written = {c["name"]: c["written_as"] for c in layer["columns"] if "written_as" in c}
    assert written["fid"] == {"gpkg": "fid__"}, "there is a column fid_"
    assert written["lon"] == {"csv": "lon_"}
    assert "name" not in written


@pytest.mark.parametrize("name", sorted(POSTGRES_COLUMNS))
def test_a_name_that_postgresql_has_is_refused(worded: SmallCity, name: str) -> None:
    declared = worded.job.view.layer("hospitals").model_dump(mode="json")
    declared["columns"][name] = declared["columns"]["order"]
    with pytest.raises(ValidationError, match="PostgreSQL"):
        Layer.model_validate(declared)
