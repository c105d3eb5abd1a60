"""The whole oracle of datum points that lies beside the project, when it is there."""

from __future__ import annotations

from pathlib import Path

import pyarrow.csv as pacsv
import pyproj

from geo.space.operations import position

GEOD = pyproj.Geod(ellps="WGS84")


def rows(path: Path) -> list[dict[str, object]]:
    table: list[dict[str, object]] = pacsv.read_csv(path).to_pylist()
    return table


def test_control_points_within_a_centimetre(shared: Path) -> None:
    points = rows(shared / "facts/datum_control_points.csv")
    assert points
    for point in points:
        found = position(point["ind75_lon"], point["ind75_lat"], "EPSG:4240")  # type: ignore[arg-type]
        error = GEOD.inv(found.lon, found.lat, point["wgs84_lon"], point["wgs84_lat"])[2]
        assert error < 0.01, point


def test_vectors_of_the_pinned_operations_within_five_centimetres(shared: Path) -> None:
    pinned = {"RTSD_204.4798_837.8940_294.7765": 24000, "EPSG_1153_if_Indian1954": 23900}
    vectors = rows(shared / "facts/datum_test_vectors.csv")
    vectors = [row for row in vectors if row["operation"] in pinned]
    assert len(vectors) == 6
    for row in vectors:
        code = pinned[row["operation"]] + row["zone"]  # type: ignore[index,operator]
        found = position(row["indian1975_E"], row["indian1975_N"], f"EPSG:{code}")  # type: ignore[arg-type]
        assert GEOD.inv(found.lon, found.lat, row["lon"], row["lat"])[2] < 0.05, row
