"""Points in Indian 1975 come out of read and normalise where the RTSD puts them."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from geo.issues import IssueCatalogue
from geo.read import read
from geo.states import Normalised, RawTable, Surveyed
from geo.survey import survey
from schemas.catalogue import load_catalogue
from schemas.models import Mapping, Position, Source
from tests.unit.heart import normalised_whole

pytestmark = pytest.mark.usefixtures("quick_reader")

CATALOG = load_catalogue()
VIEW = CATALOG.map_view("bangkok")
THAILAND = VIEW.area.model_copy(update={"extent": (97.0, 5.0, 106.0, 21.0)})
GEOD = pyproj.Geod(ellps="WGS84")
RTSD = "RTSD_204.4798_837.8940_294.7765"


def oracle(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "facts" / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def source(position: Position, format_: str, key: str) -> Source:
    return VIEW.source("bangkok_parks").model_copy(
        update={
            "format": format_,
            "key": (key,),
            "position": position,
            "place": type(VIEW.source("bangkok_parks").place)(),
            "columns": {"name_th": Mapping(column=key)},
            "unused": (),
        }
    )


def road(path: Path, declared: Source) -> Normalised:
    raw = read({path.name: path}, declared.format)
    assert isinstance(raw, RawTable), raw
    found = normalised_whole(
        raw, declared, VIEW.layer("parks"), THAILAND, IssueCatalogue(CATALOG.issue_codes)
    )
    assert isinstance(found, Normalised), found
    surveyed = survey(raw, declared, VIEW.layer("parks"))
    assert isinstance(surveyed, Surveyed)
    operation = surveyed.lineage["operation"]
    assert operation["source_crs"] == declared.position.crs
    assert "RTSD" in operation["name"] and "204.4798" in operation["pipeline"]
    assert operation["accuracy_m"] > 0
    return found


def errors(found: Normalised, lon: list[float], lat: list[float]) -> np.ndarray:
    xy = found.shapes.xy
    return np.asarray(GEOD.inv(xy[:, 0], xy[:, 1], lon, lat)[2])


def test_control_points_as_csv(shared: Path) -> None:
    points = oracle(shared, "datum_control_points.csv")
    position = Position(origin="columns", x="ind75_lon", y="ind75_lat", crs="EPSG:4240")
    found = road(shared / "facts" / "datum_control_points.csv", source(position, "csv", "id"))
    wgs = [(float(p["wgs84_lon"]), float(p["wgs84_lat"])) for p in points]
    assert errors(found, [x for x, _ in wgs], [y for _, y in wgs]).max() < 0.01


@pytest.mark.parametrize("zone", ["47", "48"])
@pytest.mark.parametrize("format_", ["csv", "shapefile"])
def test_vectors_as_csv_and_as_shapefile(
    shared: Path, tmp_path: Path, zone: str, format_: str
) -> None:
    vectors = [
        row
        for row in oracle(shared, "datum_test_vectors.csv")
        if row["operation"] == RTSD and row["zone"] == zone
    ]
    crs = f"EPSG:240{zone}"
    if format_ == "csv":
        path = tmp_path / "vectors.csv"
        lines = [f"{v['point']},{v['indian1975_E']},{v['indian1975_N']}" for v in vectors]
        path.write_text("\n".join(["point,east,north", *lines]), "utf-8")
        position = Position(origin="columns", x="east", y="north", crs=crs)
    else:
        path = tmp_path / "vectors.zip"
        points = shapely.points(
            [float(v["indian1975_E"]) for v in vectors], [float(v["indian1975_N"]) for v in vectors]
        )
        frame = gpd.GeoDataFrame({"point": [v["point"] for v in vectors]}, geometry=points, crs=crs)
        folder = tmp_path / "vectors"
        folder.mkdir()
        frame.to_file(folder / "vectors.shp")
        shutil.make_archive(str(folder), "zip", folder)
        position = Position(origin="file", crs=crs)
    found = road(path, source(position, format_, "point"))
    lon, lat = [float(v["lon"]) for v in vectors], [float(v["lat"]) for v in vectors]
    assert errors(found, lon, lat).max() < 0.05
