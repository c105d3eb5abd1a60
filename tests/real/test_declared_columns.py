"""What the declarations say of the real agency files, held against the files themselves."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

from schemas.catalogue import load_catalogue
from schemas.models import ColumnType, Layer, Source
from schemas.source_columns import columns_taken

OTHER_HOSPITALS = Path(__file__).parent / "declarations"

# What GDAL's KML driver adds to every file, whether the agency has it or not.
KML_FIELDS = {
    "id",
    "description",
    "timestamp",
    "begin",
    "end",
    "altitudeMode",
    "tessellate",
    "extrude",
    "visibility",
    "drawOrder",
    "icon",
}

ROWS = {
    "bangkok_districts": 50,
    "bangkok_subdistricts": 180,
    "bangkok_health_centres": 69,
    "bangkok_health_catchments": 68,
    "bangkok_hospitals": 121,
    "bangkok_hospitals_kml": 121,
    "bangkok_hospitals_shapefile": 121,
    "bangkok_hospitals_xlsx": 121,
    "bangkok_health_facilities": 5140,
    "bangkok_parks": 522,
    "bangkok_gardens_15min": 42,
    "bangkok_sports_fields": 598,
    "bangkok_communities": 2003,
    "songkhla_districts": 16,
    "songkhla_subdistricts": 127,
    "nakhon_phanom_districts": 12,
    "nakhon_phanom_subdistricts": 99,
}
"""Rows that each source gives after its filters."""

REPEATED_KEYS = {
    "bangkok_health_facilities": 24,  # exact copies
    "bangkok_sports_fields": 1,  # id 1010005: a copy but for a trailing space
}


def _sources() -> dict[str, Source]:
    catalogue = load_catalogue()
    real = {
        source.id: source
        for map_id in ("bangkok", "songkhla", "nakhon_phanom")
        for source in catalogue.map_view(map_id).sources
    }
    return real | dict(load_catalogue(OTHER_HOSPITALS).sources)


SOURCES = _sources()

FILES_WITH_CRS = [
    source_id
    for source_id, source in SOURCES.items()
    if source.position.origin == "file" and source.format != "esri_json"
]


@cache
def _table(source_id: str, drops: Path) -> pd.DataFrame:
    """Columns of the file as text, blanks as empty text."""
    source = SOURCES[source_id]
    path = drops / source.location
    encoding = "cp874" if source.encoding == "cp874" else "utf-8"
    if source.format == "csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if source.format == "xlsx":
        return pd.read_excel(path, source.container_layer, dtype=str, engine="calamine")
    if source.format == "esri_json":
        answer = json.loads(path.read_text(encoding="utf-8"))
        return pd.DataFrame([feature["attributes"] for feature in answer["features"]]).astype(str)
    rows = pyogrio.read_dataframe(path, encoding=encoding, read_geometry=False)
    return rows.astype(str).fillna("")


def _clean(word: str) -> str:
    """The cleaning that the words of a mapping are compared after."""
    composed = unicodedata.normalize("NFC", word).replace("\u0e4d\u0e32", "\u0e33")
    return re.sub(r"\s+", " ", composed).strip()


def _kept(source: Source, table: pd.DataFrame) -> pd.DataFrame:
    for filter_ in source.filters:
        words = table[filter_.column].map(_clean)
        prefixes = filter_.keep_prefix
        table = table[words.isin(filter_.keep) if filter_.keep else words.str.startswith(prefixes)]
    return table


def test_every_source_of_the_real_maps_is_looked_at() -> None:
    assert set(SOURCES) == set(ROWS)


@pytest.mark.parametrize("source_id", SOURCES)
def test_each_column_of_the_file_is_taken_or_left_by_name(source_id: str, shared: Path) -> None:
    source = SOURCES[source_id]
    found = set(_table(source_id, shared / "data").columns)
    declared = columns_taken(source) | set(source.unused)
    if source.format == "kml":
        found -= KML_FIELDS - declared
    assert found == declared


@pytest.mark.parametrize("source_id", SOURCES)
def test_filters_keep_the_rows_that_belong(source_id: str, shared: Path) -> None:
    source = SOURCES[source_id]
    assert len(_kept(source, _table(source_id, shared / "data"))) == ROWS[source_id]


@pytest.mark.parametrize("source_id", SOURCES)
def test_keys_are_unique_but_for_known_copies(source_id: str, shared: Path) -> None:
    source = SOURCES[source_id]
    rows = _kept(source, _table(source_id, shared / "data"))
    repeated = rows.duplicated(list(source.key))
    assert repeated.sum() == REPEATED_KEYS.get(source_id, 0)
    cleaned = rows.apply(lambda column: column.map(_clean))
    assert cleaned.duplicated().sum() == repeated.sum()
    assert not rows[list(source.key)].eq("").any(axis=None)


@pytest.mark.parametrize("source_id", SOURCES)
def test_every_word_of_a_category_is_mapped(source_id: str, shared: Path) -> None:
    source = SOURCES[source_id]
    layer: Layer = load_catalogue().layers[source.layer]
    rows = _kept(source, _table(source_id, shared / "data"))
    for name, mapping in source.columns.items():
        if layer.columns[name].type is ColumnType.category and isinstance(mapping.column, str):
            unknown = set(rows[mapping.column].map(_clean)) - {_clean(w) for w in mapping.values}
            assert not unknown, name


@pytest.mark.parametrize("source_id", FILES_WITH_CRS)
def test_declared_crs_is_the_file_s(source_id: str, shared: Path) -> None:
    source = SOURCES[source_id]
    assert pyogrio.read_info(shared / "data" / source.location)["crs"] == source.position.crs


@pytest.mark.parametrize(
    ("map_id", "source_id"),
    [
        ("bangkok", "bangkok_subdistricts"),
        ("songkhla", "songkhla_subdistricts"),
        ("nakhon_phanom", "nakhon_phanom_subdistricts"),
    ],
)
def test_the_area_s_extent_holds_its_boundaries(map_id: str, source_id: str, shared: Path) -> None:
    west, south, east, north = load_catalogue().map_view(map_id).area.extent
    path = shared / "data" / SOURCES[source_id].location
    bounds = pyogrio.read_dataframe(path, columns=[]).to_crs(4326).total_bounds
    assert west < bounds[0] and south < bounds[1] and bounds[2] < east and bounds[3] < north
    assert bounds[0] - west < 0.1 and bounds[1] - south < 0.1
    assert east - bounds[2] < 0.1 and north - bounds[3] < 0.1
