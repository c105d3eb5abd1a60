"""Positions against published Thai control points, and what a declared CRS is taken for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj.transformer import AreaOfInterest, TransformerGroup

from geo.space.operations import (
    Operation,
    UnknownCrs,
    identify,
    operation_for,
    position,
    to_degrees,
    to_wgs84,
)
from geo.space.shapes import Shapes

GEOD = pyproj.Geod(ellps="WGS84")

# Published by the Royal Irrigation Department: Indian 1975 and WGS 84 (lon, lat) of one mark.
CONTROL_POINTS = [
    ((101.174793125, 14.095816933), (101.171431739, 14.097461097)),
    ((100.282505820, 15.095989940), (100.279242960, 15.097540230)),
]
# UTM on Indian 1975 -> WGS 84 by the RTSD parameters, computed independently.
RTSD_VECTORS = [
    ("EPSG:24047", 662699, 1520978, 100.50179709, 13.75630202),
    ("EPSG:24047", 676463, 794737, 100.59510443, 7.18980132),
    ("EPSG:24048", 271952, 1821821, 102.86000402, 16.46999872),
]


def metres(lon: float, lat: float, lon2: float, lat2: float) -> float:
    return float(GEOD.inv(lon, lat, lon2, lat2)[2])


@pytest.mark.parametrize(("indian", "truth"), CONTROL_POINTS)
def test_control_points_come_out_within_a_centimetre(
    indian: tuple[float, float], truth: tuple[float, float]
) -> None:
    found = position(*indian, "EPSG:4240")
    assert metres(found.lon, found.lat, *truth) < 0.01
    assert "RTSD" in found.operation.name


@pytest.mark.parametrize(("crs", "x", "y", "lon", "lat"), RTSD_VECTORS)
def test_utm_on_indian_1975_follows_rtsd(
    crs: str, x: float, y: float, lon: float, lat: float
) -> None:
    found = position(x, y, crs)
    assert metres(found.lon, found.lat, lon, lat) < 0.05


@pytest.mark.parametrize(("indian", "truth"), CONTROL_POINTS)
def test_the_default_of_proj_is_still_wrong(
    indian: tuple[float, float], truth: tuple[float, float]
) -> None:
    """When this fails, PROJ was mended: read geo/space/operations.py again before trusting it."""
    default = pyproj.Transformer.from_crs(4240, 4326, always_xy=True, allow_ballpark=False)
    assert metres(*default.transform(*indian), *truth) == pytest.approx(189, abs=5)


def test_indian_1954_is_epsg_1153() -> None:
    found = position(662699, 1520978, "EPSG:23947")
    assert metres(found.lon, found.lat, 100.50170836, 13.75637548) < 0.05
    assert found.accuracy_m == 21.0


@pytest.mark.parametrize("zone", [47, 48])
def test_utm_on_wgs84_is_what_proj_says(zone: int) -> None:
    x, y = np.array([300000.0, 700000.0]), np.array([800000.0, 1900000.0])
    proj = pyproj.Transformer.from_crs(32600 + zone, 4326, always_xy=True)
    found = to_wgs84(x, y, operation_for(f"EPSG:{32600 + zone}"))
    np.testing.assert_allclose(found, proj.transform(x, y), atol=1e-11)


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        ("EPSG:4326", "none"),
        ("EPSG:3857", "inverse of Web Mercator"),
        ("EPSG:32647", "inverse of UTM 47N"),
        ("EPSG:32648", "inverse of UTM 48N"),
    ],
)
def test_what_is_on_wgs84_already_is_only_converted(crs: str, name: str) -> None:
    operation = operation_for(crs)
    assert (operation.source, operation.name, operation.accuracy_m) == (crs, name, 0.0)
    assert operation.why.startswith("a conversion of coordinates")


@pytest.mark.parametrize("crs", ["EPSG:32646", "EPSG:32247", "EPSG:3395", "EPSG:9000"])
def test_other_crs_go_through_proj_in_lon_lat_order(crs: str) -> None:
    inverse = pyproj.Transformer.from_crs(4326, crs, always_xy=True, allow_ballpark=False)
    found = position(*inverse.transform(100.5, 13.75), crs)
    assert metres(found.lon, found.lat, 100.5, 13.75) < 0.01


@pytest.mark.parametrize("crs", ["EPSG:4326", "OGC:CRS84", "EPSG:4979"])
def test_wgs84_degrees_are_left_exactly_as_they_are(crs: str) -> None:
    found = position(100.50179709, 13.75630202, crs)
    assert (found.lon, found.lat) == (100.50179709, 13.75630202)
    assert found.accuracy_m == 0.0


@pytest.mark.parametrize("crs", ["EPSG:4269", "EPSG:4144", "EPSG:3148", "EPSG:4131"])
def test_a_guess_is_refused(crs: str) -> None:
    with pytest.raises(UnknownCrs):
        operation_for(crs)


def test_proj_chooses_for_all_of_thailand_and_hardly_more(monkeypatch: pytest.MonkeyPatch) -> None:
    areas = []

    def listening(*crs: object, area_of_interest: AreaOfInterest, **more: bool) -> TransformerGroup:
        areas.append(area_of_interest)
        return TransformerGroup(*crs, area_of_interest=area_of_interest, **more)

    monkeypatch.setattr("geo.space.operations.TransformerGroup", listening)
    operation_for("EPSG:32645")
    (found,) = areas
    west, south, east, north = 97.35, 5.61, 105.64, 20.47  # its outermost points
    assert west - 0.2 < found.west_lon_degree < west
    assert south - 0.2 < found.south_lat_degree < south
    assert east < found.east_lon_degree < east + 0.2
    assert north < found.north_lat_degree < north + 0.2


def test_positions_that_cannot_be_are_nan_and_do_not_disturb_others() -> None:
    x = np.array([662699.0, np.nan, np.inf, 1e30])
    y = np.array([1520978.0, 1520978.0, 0.0, 1e30])
    lon, lat = to_wgs84(x, y, operation_for("EPSG:24047"))
    assert np.isfinite(lon).tolist() == np.isfinite(lat).tolist() == [True, False, False, False]
    assert x[0] == 662699.0, "the caller's array is not overwritten"


def test_geometries_move_with_their_shape_and_lose_z() -> None:
    line = shapely.from_wkt("LINESTRING Z (662699 1520978 5, 662799 1520978 6)")
    given_ = np.array([line, None], dtype=object)
    moved = to_degrees(Shapes.of(given_), operation_for("EPSG:24047")).drawn
    assert moved[1] is None
    assert not shapely.has_z(moved[0])
    assert shapely.get_num_points(moved[0]) == 2
    lon, lat = shapely.get_coordinates(moved[0])[0]
    assert metres(lon, lat, 100.50179709, 13.75630202) < 0.05
    assert given_[0] is line
    assert shapely.has_z(line)


@given(lon=st.floats(97.4, 105.6), lat=st.floats(5.7, 20.4), zone=st.sampled_from([47, 48]))
def test_rtsd_operation_inverts(lon: float, lat: float, zone: int) -> None:
    operation: Operation = operation_for(f"EPSG:240{zone}")
    inverse = pyproj.Transformer.from_pipeline(operation.pipeline)
    x, y = inverse.transform(lon, lat, direction="INVERSE")
    back = to_wgs84(np.array([x]), np.array([y]), operation)
    assert metres(lon, lat, float(back[0][0]), float(back[1][0])) < 0.01, "heights are left out"


# --- identification ----------------------------------------------------------------------------


def esri(datum: str, spheroid: str, meridian: int = 99, name: str = "any") -> str:
    return (
        f'PROJCS["{name}",GEOGCS["GCS",DATUM["{datum}",SPHEROID[{spheroid}]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
        'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],'
        f'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}.0],'
        'PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )


EVEREST = '"Everest_Adjustment_1937",6377276.345,300.8017'
EVEREST_INDIA = '"Everest_Definition_1975",6377299.151,300.8017255'
WGS84 = '"WGS_1984",6378137.0,298.257223563'
GEOGRAPHIC = (
    'GEOGCS["WGS 84",DATUM["World Geodetic System 1984",SPHEROID["WGS 84",6378137.0,'
    '298.257223563]],PRIMEM["Greenwich",0.0],UNIT["degree",0.0174532925199433]]'
)
GRS80 = '"GRS_1980",6378137.0,298.257222101'


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("EPSG:24047", "EPSG:24047"),
        (" epsg:24048\n", "EPSG:24048"),
        ("24047", "EPSG:24047"),
        ("urn:ogc:def:crs:EPSG::24047", "EPSG:24047"),
        ("http://www.opengis.net/def/crs/EPSG/0/32648", "EPSG:32648"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("CRS84", "EPSG:4326"),
        ("EPSG:102100", "EPSG:3857"),
        ("EPSG:900913", "EPSG:3857"),
        ("EPSG:32647+5773", "EPSG:32647"),
        (esri("D_Indian_1975", EVEREST, name="Indian_1975_UTM_Zone_47N"), "EPSG:24047"),
        (esri("D_Indian_1975", EVEREST, 105, "Indian_1975_UTM_Zone_48N"), "EPSG:24048"),
        (esri("D_Indian_1954", EVEREST, name="Indian_1954_UTM_Zone_47N"), "EPSG:23947"),
        (esri("D_WGS_1984", WGS84, name="WGS_1984_UTM_Zone_47N"), "EPSG:32647"),
        ("\ufeff" + esri("D_WGS_1984", WGS84, 105), "EPSG:32648"),
        (GEOGRAPHIC, "EPSG:4326"),
        ("+proj=utm +zone=47 +datum=WGS84 +units=m", "EPSG:32647"),
        ("+init=epsg:32648", "EPSG:32648"),
        ("+proj=utm +zone=47 +ellps=evrst30 +towgs84=210,814,289,0,0,0,0", "EPSG:24047"),
        ("+proj=longlat +ellps=evrst30 +towgs84=204.4798,837.8940,294.7765", "EPSG:4240"),
        ("+proj=utm +zone=47 +ellps=evrst30 +towgs84=217,823,299", "EPSG:23947"),
    ],
)
def test_what_a_declaration_is_taken_for(declared: str, code: str) -> None:
    assert identify(declared) == code


@pytest.mark.parametrize("code", [4326, 3857, 4239, 4240, 23947, 23948, 24047, 24048, 32647, 32648])
@pytest.mark.parametrize("version", ["WKT2_2019", "WKT1_GDAL", "WKT1_ESRI"])
def test_each_known_crs_survives_each_dialect_of_wkt(code: int, version: str) -> None:
    assert identify(pyproj.CRS.from_epsg(code).to_wkt(version)) == f"EPSG:{code}"


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "  ",
        "hello",
        "EPSG:999999",
        'LOCAL_CS["plan",UNIT["Meter",1.0]]',
        "EPSG:4978",
        "EPSG:5773",
        "+init=/etc/passwd:root",
        esri("D_WGS_1984", WGS84).replace('PARAMETER["False', 'PARA]ETER["False'),
        esri("D_User_Defined", EVEREST),
        esri("D_Indian_Thailand", EVEREST),
        esri("D_Everest_Adj_1937", EVEREST),
        esri("D_Indian_1975", EVEREST_INDIA),
        esri("D_Indian_1975", WGS84),
        esri("D_WGS_1984", EVEREST),
        esri("D_User_Defined", GRS80),
        esri("D_User_Defined", WGS84),
        esri("D_Indian_1975", EVEREST, 101),
        esri("D_Indian_1975", EVEREST).replace("Meter", "Foot_US").replace(",1.0]]", ",0.3048]]"),
        "+proj=utm +zone=47 +ellps=evrst30",
        "+proj=longlat +ellps=evrst30",
        "+proj=utm +zone=47 +ellps=evrst30 +towgs84=283,682,231",
        "+proj=utm +zone=47 +ellps=WGS84 +towgs84=100,0,0",
    ],
)
def test_what_cannot_be_told_safely_is_refused_with_advice(declared: str | None) -> None:
    with pytest.raises(UnknownCrs, match="ask the agency") as raised:
        identify(declared)
    assert raised.value.exit_code != 0


def test_a_name_of_1975_with_the_shift_of_1954_is_refused() -> None:
    wkt = pyproj.CRS("+proj=utm +zone=47 +ellps=evrst30 +towgs84=217,823,299").to_wkt("WKT1_GDAL")
    named = wkt.replace(pyproj.CRS(wkt).source_crs.datum.name, "Indian_1975")  # type: ignore[union-attr]
    assert "Indian_1975" in named
    with pytest.raises(UnknownCrs):
        identify(named)


# --- what PROJ may choose ----------------------------------------------------------------------


def proj_offers(
    monkeypatch: pytest.MonkeyPatch, *accuracies: float, available: bool = True
) -> None:
    """What PROJ answers when it is asked for operations, best first."""
    offered = [
        SimpleNamespace(description=f"op {n}", definition="proj=noop", accuracy=accuracy)
        for n, accuracy in enumerate(accuracies)
    ]
    missing = [SimpleNamespace(name="one that needs a grid")]
    group = SimpleNamespace(
        transformers=offered, best_available=available, unavailable_operations=missing
    )
    asked: dict[str, object] = {}

    def group_of(crs: object, target: object, **options: object) -> object:
        asked.update(options)
        assert options["allow_ballpark"] is False and options["always_xy"] is True
        return group

    monkeypatch.setattr("geo.space.operations.TransformerGroup", group_of)


@pytest.mark.parametrize(
    ("accuracies", "available", "problem"),
    [
        ((-1.0, 2.0), True, "nobody states the accuracy of op 0"),
        ((), True, "no operation to WGS 84"),
        ((2.0,), False, "one that needs a grid"),
    ],
)
def test_an_operation_that_nobody_vouches_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    accuracies: tuple[float, ...],
    available: bool,
    problem: str,
) -> None:
    proj_offers(monkeypatch, *accuracies, available=available)
    with pytest.raises(UnknownCrs, match=problem):
        operation_for("EPSG:32601")


def test_the_best_of_what_proj_offers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    proj_offers(monkeypatch, 0.0, 2.0)
    found = operation_for("EPSG:32602")
    assert (found.source, found.name, found.accuracy_m) == ("EPSG:32602", "op 0", 0.0)
    assert (found.pipeline, found.target) == ("proj=noop", "EPSG:4326")


def test_another_everest_is_never_left_to_proj() -> None:
    for code in (3148, 3147, 4131, 24375, 29701, 4244):
        with pytest.raises(UnknownCrs):
            operation_for(f"EPSG:{code}")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32647", "EPSG:32648"])
def test_what_lies_on_wgs84_is_exact(crs: str) -> None:
    assert position(0, 0, crs).accuracy_m == 0.0


@pytest.mark.parametrize(
    ("crs", "metres"),
    [("EPSG:4240", 3), ("EPSG:24047", 3), ("EPSG:24048", 3), ("EPSG:4239", 21), ("EPSG:23948", 21)],
)
def test_what_does_not_says_how_well_it_is_known(crs: str, metres: float) -> None:
    found = operation_for(crs)
    assert (found.source, found.accuracy_m) == (crs, metres)


def test_web_mercator_is_undone() -> None:
    found = position(11187733.1, 1545348.0, "EPSG:3857")
    assert (found.lon, found.lat) == pytest.approx((100.5011, 13.7482), abs=0.001)
    proj = pyproj.Transformer.from_crs(3857, 4326, always_xy=True)
    assert (found.lon, found.lat) == pytest.approx(proj.transform(11187733.1, 1545348.0), abs=1e-9)
