"""A declared CRS is known only by all of its definition: one number off, and it is another."""

from __future__ import annotations

import pyproj
import pytest

from geo.space.declared_crs import UnknownCrs, identify, is_everest
from tests.unit.test_crs import EVEREST, GRS80, WGS84, esri

UTM_WGS84 = esri("D_WGS_1984", WGS84)
UTM_INDIAN = esri("D_Indian_1975", EVEREST)


def degrees(datum: str, ellipsoid: str) -> str:
    """A geographic CRS: PROJ looks for its like in no time, where UTM costs it a second."""
    return (
        f'GEOGCS["any",DATUM["{datum}",SPHEROID[{ellipsoid}]],PRIMEM["Greenwich",0.0],'
        'UNIT["Degree",0.0174532925199433]]'
    )


def taken_for(declared: str) -> str | None:
    try:
        return identify(declared)
    except UnknownCrs:
        return None


PARAMETERS = [
    ('"False_Easting",500000.0', '"False_Easting",500001.0'),
    ('"False_Easting",500000.0', '"False_Easting",0.0'),
    ('"False_Northing",0.0', '"False_Northing",10000000.0'),
    ('"False_Northing",0.0', '"False_Northing",1.0'),
    ('"Scale_Factor",0.9996', '"Scale_Factor",1.0'),
    ('"Scale_Factor",0.9996', '"Scale_Factor",0.9999'),
    ('"Latitude_Of_Origin",0.0', '"Latitude_Of_Origin",1.0'),
    ('"Central_Meridian",99.0', '"Central_Meridian",100.5'),
    ('"Central_Meridian",99.0', '"Central_Meridian",0.0'),
    ('UNIT["Meter",1.0]', 'UNIT["Foot",0.3048]'),
    ('UNIT["Meter",1.0]', 'UNIT["Kilometer",1000.0]'),
    ("Transverse_Mercator", "Mercator"),
]


@pytest.mark.parametrize(("right", "wrong"), PARAMETERS)
def test_utm_with_any_parameter_off_is_not_utm(right: str, wrong: str) -> None:
    assert right in UTM_INDIAN
    assert taken_for(UTM_INDIAN) == "EPSG:24047"
    assert taken_for(UTM_INDIAN.replace(right, wrong)) is None


def test_utm_on_wgs84_is_told_by_its_parameters_too() -> None:
    assert taken_for(UTM_WGS84.replace("500000.0", "400000.0")) is None


@pytest.mark.parametrize("meridian", [93, 98, 100, 104, 106, 111])
def test_only_the_two_zones_of_thailand_are_pinned_on_everest(meridian: int) -> None:
    assert taken_for(esri("D_Indian_1975", EVEREST, meridian)) is None
    assert taken_for(esri("D_Indian_1954", EVEREST, meridian)) is None


def test_a_geographic_crs_in_other_units_than_degrees_is_none_of_ours() -> None:
    degrees = pyproj.CRS.from_epsg(4240).to_wkt("WKT1_GDAL")
    assert taken_for(degrees) == "EPSG:4240"
    grads = degrees.replace("0.0174532925199433", "0.01570796326794897")
    assert grads != degrees
    assert taken_for(grads) is None


def shifted(shift: str, name: str | None = None, ellipsoid: str = "evrst30") -> str | None:
    crs = pyproj.CRS(f"+proj=utm +zone=47 +ellps={ellipsoid} +towgs84={shift} +type=crs")
    wkt = crs.to_wkt("WKT1_GDAL")
    if name is not None:
        assert crs.source_crs is not None and crs.source_crs.datum is not None
        before = crs.source_crs.datum.name
        wkt = wkt.replace(before, name)
        assert name in wkt
    return taken_for(wkt)


INDIAN_1975 = {
    "rtsd": (204.4798, 837.8940, 294.7765),
    "1304": (210.0, 814.0, 289.0),
    "1154": (209.0, 818.0, 290.0),
    "1537": (204.64, 834.74, 293.8),
    "1812": (293.0, 836.0, 318.0),
}


@pytest.mark.parametrize("name", [None, "Indian_1975"])
@pytest.mark.parametrize("known", INDIAN_1975)
def test_each_published_shift_tells_indian_1975(known: str, name: str | None) -> None:
    x, y, z = INDIAN_1975[known]
    assert shifted(f"{x},{y},{z}", name) == "EPSG:24047"
    assert shifted(f"{x + 0.4},{y - 0.4},{z + 0.4}", name) == "EPSG:24047", "as some round it"


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("metres", [-0.6, 0.6, 3.0, 1000.0])
@pytest.mark.parametrize("name", [None, "Indian_1975", "Indian_1954"])
def test_a_shift_that_nobody_published_is_no_datum_whatever_its_name(
    name: str | None, metres: float, axis: int
) -> None:
    values = list(INDIAN_1975["rtsd"])
    values[axis] += metres
    assert shifted(",".join(map(str, values)), name) is None


@pytest.mark.parametrize("zone", [46, 49])
@pytest.mark.parametrize("shift", ["204.4798,837.8940,294.7765", "217,823,299"])
def test_a_zone_beyond_thailand_is_not_taken_for_that_of_another_datum(
    zone: int, shift: str
) -> None:
    """EPSG has zone 46 on Indian 1954 and zone 49 on Indian 1960; PROJ takes any Everest for it."""
    crs = pyproj.CRS(f"+proj=utm +zone={zone} +ellps=evrst30 +towgs84={shift} +type=crs")
    assert crs.source_crs is not None and crs.source_crs.to_epsg() in (23946, 3149)
    assert taken_for(crs.to_wkt()) is None


def test_the_shift_of_1954_tells_1954_and_no_other() -> None:
    assert shifted("217,823,299") == "EPSG:23947"
    assert shifted("217,823,299", "Indian_1954") == "EPSG:23947"
    assert shifted("217,823,299", "Indian_1975") is None
    assert shifted("210,814,289", "Indian_1954") is None


def test_a_shift_of_nothing_says_nothing() -> None:
    """GDAL writes TOWGS84[0,0,0] where it knows no shift: then the name alone must tell."""
    assert shifted("0,0,0", "Indian_1975") == "EPSG:24047"
    assert shifted("0,0,0", "Indian_1954") == "EPSG:23947"
    assert shifted("0,0,0") is None


def test_a_rotation_or_scale_besides_is_no_published_shift() -> None:
    assert shifted("204.4798,837.8940,294.7765,0,0,0,0") == "EPSG:24047"


@pytest.mark.parametrize("name", ["Indian_1975", "indian_1975", "D_Indian_1975", "Indian 1975"])
def test_names_of_a_datum_are_read_as_people_write_them(name: str) -> None:
    assert taken_for(esri(name, EVEREST)) == "EPSG:24047"


@pytest.mark.parametrize(
    "name", ["D_Indian_1960", "D_Indian_1975_Thailand", "D_My_Indian_1975", "D_Indian_19754"]
)
def test_names_that_only_begin_or_end_like_a_datum_are_not_it(name: str) -> None:
    assert taken_for(esri(name, EVEREST)) is None


@pytest.mark.parametrize(
    ("ellipsoid", "code"),
    [
        ('"Everest",6377276.345,300.8017', "EPSG:24047"),
        ('"Everest",6377276.35,300.8017', "EPSG:24047"),
        ('"Everest",6377276.365,300.8017', None),
        ('"Everest",6377276.345,300.8019', None),
        ('"Everest",6377276.345,300.8015', None),
        ('"Everest",6377298.556,300.8017', None),
        ('"Everest",6377304.063,300.8017', None),
        ('"Everest",6377276.345,298.257223563', None),
    ],
)
def test_only_the_everest_ellipsoid_of_thailand_carries_indian_1975(
    ellipsoid: str, code: str | None
) -> None:
    assert taken_for(esri("D_Indian_1975", ellipsoid)) == code


def test_a_prime_meridian_elsewhere_is_another_datum() -> None:
    for wkt in (UTM_INDIAN, degrees("D_WGS_1984", WGS84)):
        assert taken_for(wkt) is not None
        assert taken_for(wkt.replace('["Greenwich",0.0]', '["Paris",2.33722917]')) is None


@pytest.mark.parametrize(
    ("semi_major", "everest"),
    [
        (6377000.0, False),
        (6377000.5, True),
        (6377276.345, True),
        (6377298.556, True),
        (6377304.063, True),
        (6377349.5, True),
        (6377350.0, False),
        (6377350.5, False),
        (6377397.155, False),  # Bessel
        (6378137.0, False),
    ],
)
def test_everest_is_told_by_its_axis(semi_major: float, everest: bool) -> None:
    crs = pyproj.CRS(f"+proj=longlat +a={semi_major} +rf=300.8017 +type=crs")
    assert is_everest(crs) is everest


def test_a_crs_without_an_ellipsoid_is_not_everest() -> None:
    assert not is_everest(pyproj.CRS.from_epsg(5773))


@pytest.mark.parametrize(
    "datum", ["D_WGS_1984", "WGS84", "WGS_84", "World_Geodetic_System_1984", "D_Unknown"]
)
def test_wgs84_is_told_by_its_ellipsoid_with_any_of_its_names(datum: str) -> None:
    assert taken_for(esri(datum, WGS84)) == "EPSG:32647"
    assert taken_for(esri(datum, WGS84, 105)) == "EPSG:32648"
    assert taken_for(degrees(datum, WGS84)) == "EPSG:4326"


@pytest.mark.parametrize(
    ("datum", "ellipsoid"),
    [
        ("D_WGS_1972", '"WGS_1972",6378135.0,298.26'),
        ("D_WGS_1984", '"WGS_1984",6378137.02,298.257223563'),
        ("D_WGS_1984", '"WGS_1984",6378137.0,298.2575'),
        ("D_My_WGS_1984", WGS84),
        ("D_Unknown", '"Bessel",6377397.155,299.1528128'),
    ],
)
def test_what_is_only_like_wgs84_is_not_it(datum: str, ellipsoid: str) -> None:
    assert taken_for(degrees(datum, ellipsoid)) != "EPSG:4326"


def test_wgs84_with_a_shift_is_not_wgs84() -> None:
    assert shifted("0,0,0", ellipsoid="WGS84") == "EPSG:32647"
    assert shifted("0,0,0.5", ellipsoid="WGS84") is None
    assert shifted("-5,0,0", ellipsoid="WGS84") is None
    assert shifted("0,0,0,0,0,0,0.1", ellipsoid="WGS84") is None


def test_web_mercator_is_told_by_its_parameters_too() -> None:
    wkt = pyproj.CRS.from_epsg(3857).to_wkt("WKT1_ESRI")
    assert taken_for(wkt) == "EPSG:3857"
    moved = wkt.replace('"False_Easting",0.0', '"False_Easting",5.0')
    assert moved != wkt
    assert taken_for(moved) is None


def test_web_mercator_is_told_with_any_name_of_its_datum() -> None:
    unnamed = pyproj.CRS.from_epsg(3857).to_wkt("WKT1_ESRI").replace("D_WGS_1984", "D_Unknown")
    assert pyproj.CRS(unnamed).to_epsg() is None
    assert taken_for(unnamed) == "EPSG:3857"


@pytest.mark.parametrize("projection", ["Plate_Carree", "Sinusoidal", "Cassini"])
def test_another_projection_that_starts_at_zero_is_not_web_mercator(projection: str) -> None:
    wkt = (
        f'PROJCS["any",{degrees("D_WGS_1984", WGS84)},PROJECTION["{projection}"],'
        'PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],'
        'PARAMETER["Central_Meridian",0.0],UNIT["Meter",1.0]]'
    )
    assert taken_for(wkt) not in ("EPSG:3857", "EPSG:4326")


def test_heights_change_no_crs() -> None:
    for flat in (4326, 4240, 24047, 32648, 3857):
        assert identify(pyproj.CRS.from_epsg(flat).to_3d()) == f"EPSG:{flat}"


def test_a_crs_of_pyproj_is_taken_as_it_is() -> None:
    assert identify(pyproj.CRS.from_epsg(24047)) == "EPSG:24047"
    assert identify(pyproj.CRS.from_epsg(9518)) == "EPSG:4326", "the horizontal part counts"
    with pytest.raises(UnknownCrs):
        identify(pyproj.CRS.from_epsg(4978))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("\ufeff\0 EPSG:24047 \0", "EPSG:24047"),
        ("ESRI:102113", "EPSG:3857"),
        ("ESRI:102100", "EPSG:3857"),
        ("EPSG:102113", "EPSG:3857"),
        ("EPSG:3785", "EPSG:3857"),
        ("crs84", "EPSG:4326"),
        ("init=epsg:24047", "EPSG:24047"),
        ("+INIT=EPSG:24047", "EPSG:24047"),
    ],
)
def test_codes_in_many_hands(written: str, code: str) -> None:
    assert identify(written) == code


@pytest.mark.parametrize(
    "written", ["+init=epsg:24047 +x=1", "x+init=epsg:24047", "+init=esri:102100"]
)
def test_a_file_of_definitions_is_never_opened(written: str) -> None:
    with pytest.raises(UnknownCrs, match="file of definitions"):
        identify(written)


def test_a_long_declaration_is_shortened_in_the_message() -> None:
    for length, shown in ((60, 60), (61, 60)):
        with pytest.raises(UnknownCrs) as raised:
            identify("+init=".ljust(length, "x"))
        assert len(raised.value.declared) == shown
        assert raised.value.declared.endswith("...") == (length > 60)


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("", "no CRS is declared"),
        ("hello", "cannot be read as a CRS"),
        ("XEPSG:24047X", "cannot be read as a CRS"),
        ("EPSG:5773", "neither geographic nor projected"),
        (esri("D_Indian_1975", WGS84), "not Everest"),
        (esri("D_User_Defined", GRS80), "custom"),
        (esri("D_Indian_1975", '"Everest",6377298.556,300.8017'), "not the one of Thailand"),
        (esri("D_Everest", EVEREST), "does not say how it lies"),
        (esri("D_Indian_1975", EVEREST, 101), "none of the CRSs"),
        ("+proj=utm +zone=47 +ellps=evrst30 +towgs84=1,2,3", "no datum we know"),
    ],
)
def test_each_doubt_is_told_in_its_own_words(declared: str, problem: str) -> None:
    with pytest.raises(UnknownCrs, match=problem):
        identify(declared)
