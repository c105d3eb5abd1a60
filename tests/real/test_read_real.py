"""Every real agency file through the reader, against what is known of it."""

from __future__ import annotations

import functools
from pathlib import Path

import pyarrow.compute as pc
import pytest
import shapely

from geo.read import read
from geo.states import RawTable, Refusal

pytestmark = pytest.mark.usefixtures("quick_reader")


@pytest.fixture(scope="session")
def data(shared: Path) -> Path:
    return shared / "data"


@functools.cache
def table(path: Path, format: str) -> RawTable:
    files = {path.name: path}
    if path.suffix == ".shp":
        files = {part.name: part for part in path.parent.glob(f"{path.stem}.*")}
    outcome = read(files, format)
    assert isinstance(outcome, RawTable), outcome
    return outcome


SHAPEFILES = [
    ("boundaries/cod-ab/bangkok_tambon.zip", 169, "EPSG:4326", "utf-8"),
    ("boundaries/cod-ab/songkhla_tambon.zip", 127, "EPSG:4326", "utf-8"),
    ("boundaries/cod-ab/nakhon_phanom_tambon.zip", 99, "EPSG:4326", "utf-8"),
    ("boundaries/cod-ab/bangkok_amphoe.zip", 50, "EPSG:4326", "utf-8"),
    ("boundaries/cod-ab/songkhla_amphoe.zip", 16, "EPSG:4326", "utf-8"),
    ("boundaries/bma/bangkok_district.zip", 50, "EPSG:4326", "utf-8"),
    ("boundaries/bma/BMA_ADMIN_SUB_DISTRICT.shp", 180, "EPSG:32647", "utf-8"),
    ("health/health_area.zip", 68, "EPSG:32647", "cp874"),
    ("health/hospital/bkk_hospital.zip", 121, "EPSG:4326", "utf-8"),
    ("parks/bike_way.zip", 31, "EPSG:32647", "cp874"),
    ("odd/village.zip", 1043, "EPSG:32647", "utf-8"),
    ("odd/phuket_village_point.shp", 116, "EPSG:4326", "utf-8"),
]


@pytest.mark.parametrize(("name", "rows", "crs", "encoding"), SHAPEFILES)
def test_shapefile(data: Path, name: str, rows: int, crs: str, encoding: str) -> None:
    found = table(data / name, "shapefile")
    assert found.table.num_rows == rows
    assert found.report.bad_rows == ()
    assert found.report.null_geometries == 0
    assert (found.report.crs_declared, found.report.encoding_found) == (crs, encoding)


TABLES = [
    ("health/health_facilities.csv", "csv", 5282),
    ("health/hospital/bkk_hospital.csv", "csv", 121),
    ("parks/public_park.csv", "csv", 522),
    ("parks/gardens_15min_excerpt.csv", "csv", 42),
    ("parks/sportfield.csv", "csv", 598),
    ("housing/community_population.csv", "csv", 2003),
    ("statistics/dopa_stat_a68_excerpt_10_48_90.txt", "csv", 126),
    ("health/hospital/bkk_hospital.xlsx", "xlsx", 121),
    ("health/hospital/bkk_hospital.kml", "kml", 121),
    ("health/bma_health_center_featureserver_query.json", "esri_json", 69),
    ("boundaries/nation/th_adm1.geojson", "geojson", 77),
    ("boundaries/nation/th_adm2.geojson", "geojson", 928),
    ("odd/village.geojson", "geojson", 1043),
]


@pytest.mark.parametrize(("name", "format", "rows"), TABLES)
def test_every_record_is_read(data: Path, name: str, format: str, rows: int) -> None:
    found = table(data / name, format)
    assert found.table.num_rows == rows
    assert found.report.bad_rows == ()


def test_catchments_labelled_oem_874_are_thai(data: Path) -> None:
    found = table(data / "health/health_area.zip", "shapefile")
    assert found.report.encoding_declared == "OEM 874"
    rows = {row["HCID"]: row for row in found.table.drop_columns(["_geom"]).to_pylist()}
    assert sorted(rows) == [f"{n:02}" for n in range(1, 69)]
    assert rows["60"]["HC_AREA"] == "พื้นที่บริการศูนย์ 60"
    assert rows["60"]["HC_SHORT_N"] == "ศบส.60"


def test_subdistricts_cover_the_city(data: Path) -> None:
    found = table(data / "boundaries/bma/BMA_ADMIN_SUB_DISTRICT.shp", "shapefile")
    shapes = shapely.from_wkb(found.table["_geom"].to_pylist())
    assert shapely.area(shapes).sum() / 1e6 == pytest.approx(1577.06, abs=0.1)  # planar
    assert found.report.crs_text is not None
    assert found.report.crs_text.startswith('PROJCS["WGS_1984_UTM_Zone_47N"')


def test_health_centres_keep_the_order_and_slips_of_the_answer(data: Path) -> None:
    found = table(data / "health/bma_health_center_featureserver_query.json", "esri_json")
    assert found.table["OBJECTID"][0].as_py() == 57
    assert found.table["NAME"][0].as_py() == "ศูนย์บริการสาธารณสุข 58 ล้อม-พิมเสน  ฟักอุดม"
    assert shapely.to_wkt(
        shapely.from_wkb(found.table["_geom"][0].as_py()), rounding_precision=5
    ) == ("POINT (100.49582 13.67857)")
    assert set(found.table["DCODE"].to_pylist()).isdisjoint({"1005", "1045"})


def test_the_four_formats_of_the_hospitals_agree(data: Path) -> None:
    columns = {
        ("bkk_hospital.csv", "csv"): "name",
        ("bkk_hospital.xlsx", "xlsx"): "name",
        ("bkk_hospital.kml", "kml"): "Name",
        ("bkk_hospital.zip", "shapefile"): "name",
    }
    seen = []
    for (file, kind), name in columns.items():
        found = table(data / "health/hospital" / file, kind)
        beds = [int(float(value)) for value in found.table["num_bed"].to_pylist()]
        rows = zip(
            found.table[name].to_pylist(), found.table["dcode"].to_pylist(), beds, strict=True
        )
        seen.append(sorted(rows))
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert len(set(seen[0])) == 121


def test_communities_add_up(data: Path) -> None:
    found = table(data / "housing/community_population.csv", "csv").table
    total, men, women = (
        pc.sum(found[f"{name}_count"].cast("int64")).as_py()
        for name in ("community_population", "male", "female")
    )
    assert total == men + women > 500_000
    assert found["_row"].to_pylist() == list(range(2, 2005))


def test_population_file_without_a_header_loses_nothing(data: Path) -> None:
    found = table(data / "statistics/dopa_stat_a68_excerpt_10_48_90.txt", "csv")
    bangkok = found.table.filter(
        pc.and_(
            pc.equal(found.table["column_3"], "กรุงเทพมหานคร"),
            pc.equal(found.table["column_4"], "0"),
        )
    )
    assert bangkok["column_12"].to_pylist() == ["5,422,568"]
    assert [oddity.code for oddity in found.report.oddities] == ["no_header", "delimiter"]


def test_statistics_keep_codes_years_and_blanks(data: Path) -> None:
    (houses,) = (data / "statistics").glob("มูลค่าบ้าน*.xlsx")
    found = table(houses, "xlsx").table
    assert found["CWT"].to_pylist()[:3] == ["10", None, None]
    (incomes,) = (data / "statistics").glob("รายได้*.xlsx")
    years = ("2558", "2560", "2562", "2564", "2566")
    assert table(incomes, "xlsx").report.columns == ("จังหวัด", *years)


def test_metres_in_geojson_are_not_called_degrees(data: Path) -> None:
    found = table(data / "odd/village.geojson", "geojson")
    assert found.report.crs_declared is None
    assert "geojson_not_degrees" in {oddity.code for oddity in found.report.oddities}


@pytest.mark.parametrize(
    ("name", "format", "code"),
    [
        ("streets/pathum_wan_walk.osm", "kml", "format_mismatch"),
        ("codes/ctambon.sql", "csv", "too_many_bad_rows"),
        ("codes/ctambon.sql", "shapefile", "format_mismatch"),
        ("health/health_facilities.csv", "geojson", "format_mismatch"),
    ],
)
def test_files_of_other_kinds_are_refused(data: Path, name: str, format: str, code: str) -> None:
    path = data / name
    outcome = read({path.name: path}, format)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
