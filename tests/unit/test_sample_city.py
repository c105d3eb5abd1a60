"""The sample city's boundaries: true sizes, no gaps, no overlaps, edges shared to the vertex."""

import csv
import itertools

import geothai
import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely import STRtree

from geo.settings import project_folder
from samples import city, figures
from samples.city import City

SEED = 2569
SHARE_WITHIN_A_TENTH = 0.98
LARGEST_ERROR = 0.2
SQUARE_MILLIMETRES = 1e-6


@pytest.fixture(scope="module")
def grown() -> City:
    return city.grow(np.random.default_rng(SEED))


def test_districts_have_the_areas_of_the_figures(grown: City) -> None:
    figures_file = project_folder() / "samples" / "bangkok_districts.csv"
    with figures_file.open(encoding="utf-8-sig") as file:
        wanted = {row["code"]: float(row["area_km2"]) for row in csv.DictReader(file)}
    to_degrees = Transformer.from_crs("EPSG:32647", "EPSG:4326", always_xy=True)
    ellipsoid = Geod(ellps="WGS84")
    errors = {}
    for district, polygon in zip(grown.districts, grown.district_polygons, strict=True):
        ring = shapely.get_coordinates(polygon.exterior)
        lon, lat = to_degrees.transform(ring[:, 0], ring[:, 1])
        square_kilometres = abs(ellipsoid.polygon_area_perimeter(lon, lat)[0]) / 1e6
        errors[district.code] = abs(square_kilometres / wanted[district.code] - 1)
    assert len(errors) == len(wanted)
    assert max(errors.values()) < LARGEST_ERROR
    assert np.mean([error < 0.1 for error in errors.values()]) >= SHARE_WITHIN_A_TENTH
    assert grown.outline.area / 1e6 == pytest.approx(sum(wanted.values()), rel=0.01)


def test_each_district_lies_about_its_centroid(grown: City) -> None:
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:32647", always_xy=True)
    sites = shapely.points(*to_metres.transform(*figures.centroids(list(grown.districts)).T))
    size = np.sqrt(shapely.area(grown.district_polygons))
    astray = shapely.distance(sites, shapely.centroid(grown.district_polygons)) / size
    assert np.median(astray) < 0.3
    assert astray.max() < 1


def test_codes_and_names_are_the_official_ones(grown: City) -> None:
    official = {
        area.code: area.name_th
        for district in geothai.districts("10")
        for area in geothai.subdistricts(district.code)
    }
    assert {area.code: area.name_th for area in grown.subdistricts} == official
    assert len(grown.districts) == 50 and len(grown.subdistricts) == 180
    above = [grown.districts[i].code for i in grown.district_of]
    assert above == [area.code[:4] for area in grown.subdistricts]


@pytest.mark.parametrize("level", ["district_polygons", "subdistrict_polygons"])
def test_areas_tile_the_city_without_gap_or_overlap(grown: City, level: str) -> None:
    polygons = getattr(grown, level)
    assert shapely.is_valid(polygons).all()
    assert set(shapely.get_type_id(polygons)) == {shapely.GeometryType.POLYGON}
    assert shapely.get_num_interior_rings(polygons).sum() == 0
    assert shapely.coverage_is_valid(polygons)
    assert shapely.area(polygons).sum() == pytest.approx(grown.outline.area, rel=1e-12)
    pairs = STRtree(polygons).query(polygons, predicate="intersects")
    a, b = pairs[:, pairs[0] < pairs[1]]
    assert shapely.area(shapely.intersection(polygons[a], polygons[b])).max() < SQUARE_MILLIMETRES


def test_the_city_is_one_polygon_without_lakes(grown: City) -> None:
    assert grown.outline.geom_type == "Polygon"
    assert grown.outline.is_valid
    assert len(grown.outline.interiors) == 0


def test_subdistricts_cover_their_district_exactly(grown: City) -> None:
    """District edges are made of the very vertices of subdistrict edges."""
    for i, district in enumerate(grown.district_polygons):
        parts = grown.subdistrict_polygons[grown.district_of == i]
        assert len(parts) >= 2
        assert shapely.coverage_union_all(parts).equals(district)
        inner = {tuple(place) for place in shapely.get_coordinates(parts).tolist()}
        assert {tuple(place) for place in shapely.get_coordinates(district).tolist()} <= inner


def test_shared_edges_are_wound_and_not_straight(grown: City) -> None:
    """As grown borders are: longer than the chord, in steps of less than a hundred metres."""
    winding = []
    for one, other in itertools.combinations(grown.district_polygons, 2):
        edge = shapely.line_merge(shapely.intersection(one, other))
        if edge.geom_type == "LineString" and edge.length > 2000:
            ends = shapely.get_coordinates(edge)[[0, -1]]
            winding.append(edge.length / np.hypot(*(ends[1] - ends[0])))
    assert len(winding) > 50
    assert np.median(winding) > 1.005
    ring = shapely.get_coordinates(grown.outline.exterior)
    assert np.hypot(*np.diff(ring, axis=0).T).max() < 1.6 * city.PIECE


def test_names_with_a_compass_point_lie_that_way(grown: City) -> None:
    middle = shapely.get_coordinates(shapely.centroid(grown.subdistrict_polygons))
    at = {area.name_th: middle[i] for i, area in enumerate(grown.subdistricts)}
    assert at["บางนาเหนือ"][1] > at["บางนาใต้"][1]
    assert at["สามวาตะวันออก"][0] > at["สามวาตะวันตก"][0]


def test_another_seed_makes_another_city(grown: City) -> None:
    other = city.grow(np.random.default_rng(SEED + 1))
    assert not other.outline.equals(grown.outline)
    assert shapely.coverage_is_valid(other.subdistrict_polygons)
