"""Bytes to rows for each format: words as written, every record accounted for."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pytest
import shapely

from geo.states import RawTable
from tests.unit.deliveries import (
    Reader,
    geojson,
    kml,
    placemark,
    point_feature,
    xlsx,
    zipped,
)

pytestmark = pytest.mark.usefixtures("quick_reader")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def shapes(read: RawTable) -> list[str | None]:
    wkt = shapely.to_wkt(shapely.from_wkb(read.table["_geom"].to_pylist()), rounding_precision=3)
    return [None if text is None else str(text) for text in wkt]


def oddities(read: RawTable) -> list[str]:
    return [oddity.code for oddity in read.report.oddities]


# --- CSV ---------------------------------------------------------------------------------------


def test_csv_keeps_every_field_as_written(reader: Reader) -> None:
    content = "\ufeffid,ชื่อ,lat\r\n007, สวน ,13.50\r\n1.0,,\r\n"
    read = reader.table("csv", "x.csv", content.encode())
    rows = read.table.drop_columns(["_geom"]).to_pylist()
    assert rows == [
        {"_row": 2, "id": "007", "ชื่อ": " สวน ", "lat": "13.50"},
        {"_row": 3, "id": "1.0", "ชื่อ": "", "lat": ""},
    ]
    assert read.report.encoding_found == "utf-8"


def test_csv_record_with_the_wrong_number_of_fields_is_a_bad_row(reader: Reader) -> None:
    content = b'a,b\n1,2\n3\n"x\ny",4\n5,6,7\n8,9\n'
    read = reader.table("csv", "x.csv", content)
    assert read.table["_row"].to_pylist() == [2, 4, 6]
    assert read.table["a"].to_pylist() == ["1", "x\ny", "8"]
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [
        (3, "wrong_field_count"),
        (5, "wrong_field_count"),
    ]
    assert "5,6,7" in read.report.bad_rows[1].raw


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiter_is_found(reader: Reader, delimiter: str) -> None:
    lines = ["ชื่อ#หมายเหตุ", 'สวน#"a, b; c | d\te, f"', 'วัด#"g, h, i"', "ตลาด#"]
    content = "\n".join(lines).replace("#", delimiter)
    read = reader.table("csv", "x.csv", content.encode(), columns_hint=["หมายเหตุ"])
    assert read.table["หมายเหตุ"].to_pylist() == ["a, b; c | d\te, f", "g, h, i", ""]


def test_csv_in_cp874(reader: Reader) -> None:
    read = reader.table("csv", "x.csv", "รหัส,ชื่อ\n1001,เขตพระนคร\n".encode("cp874"))
    assert read.table["ชื่อ"].to_pylist() == ["เขตพระนคร"]
    assert read.report.encoding_found == "cp874"


def test_csv_in_utf16_as_excel_calls_unicode_text(reader: Reader) -> None:
    read = reader.table("csv", "x.txt", "รหัส\tชื่อ\n1001\tพระนคร\n".encode("utf-16"))
    assert read.table["ชื่อ"].to_pylist() == ["พระนคร"]


def test_csv_header_is_found_below_a_title_and_rows_keep_their_numbers(reader: Reader) -> None:
    content = "รายงานสวนสาธารณะ,\nid,name\n1,a\n2,b\n"
    read = reader.table("csv", "x.csv", content.encode(), columns_hint=["id", "name"])
    assert read.report.columns == ("id", "name")
    assert read.table["_row"].to_pylist() == [3, 4]
    assert "rows_above_header" in oddities(read)


def test_csv_without_a_header_loses_no_row(reader: Reader) -> None:
    read = reader.table("csv", "x.txt", b"6812|10|a|123\n6812|48|b|456\n")
    assert read.table["column_4"].to_pylist() == ["123", "456"]
    assert read.table["_row"].to_pylist() == [1, 2]
    assert "no_header" in oddities(read)


def test_csv_columns_of_one_name_are_told_apart(reader: Reader) -> None:
    read = reader.table("csv", "x.csv", b"a,a,,a_2\n1,2,3,4\n")
    assert read.report.columns == ("a", "a_3", "column_3", "a_2")


def test_csv_quote_that_never_closes_is_a_bad_row(reader: Reader) -> None:
    read = reader.table("csv", "x.csv", b'a,b\n1,2\n3,"four\n5,6\n7,8\n')
    assert read.table["_row"].to_pylist() == [2, 4, 5]
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [(3, "quote_unclosed")]


def test_csv_lines_of_delimiters_are_no_records(reader: Reader) -> None:
    read = reader.table("csv", "x.csv", b"a,b\n1,2\n,\n3,4\n,\n")
    assert read.table["_row"].to_pylist() == [2, 4]
    assert oddities(read) == ["blank_records"]


def test_csv_column_named_as_one_of_ours_is_renamed(reader: Reader) -> None:
    read = reader.table("csv", "x.csv", b"_row,_geom\nx,y\n")
    assert read.report.columns == ("_row_2", "_geom_2")
    assert read.table["_row"].to_pylist() == [2]


def test_csv_cut_inside_a_record_gives_a_bad_row(reader: Reader) -> None:
    read = reader.table("csv", "x.csv", b"a,b,c\n1,2,3\n4,5,6\n7,8")
    assert [bad.row for bad in read.report.bad_rows] == [4]


# --- XLSX --------------------------------------------------------------------------------------


def workbook(tmp_path: Path, sheets: dict[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = tmp_path / "made.xlsx"
    book.save(path)
    return path.read_bytes()


def test_xlsx_cells_are_their_shortest_text(reader: Reader, tmp_path: Path) -> None:
    import datetime

    day = datetime.date(2024, 2, 29)
    rows = [["รหัส", "n", "d", "ok"], ["0101", 1001.0, day, True], [], [None, 0.1, None, None]]
    read = reader.table("xlsx", "x.xlsx", workbook(tmp_path, {"ข้อมูล": rows, "ว่าง": []}))
    assert read.table.drop_columns(["_geom"]).to_pylist() == [
        {"_row": 2, "รหัส": "0101", "n": "1001", "d": "2024-02-29", "ok": "TRUE"},
        {"_row": 4, "รหัส": None, "n": "0.1", "d": None, "ok": None},
    ]
    assert read.report.container_layer == "ข้อมูล"


def test_xlsx_sheet_must_be_named_where_two_have_content(reader: Reader, tmp_path: Path) -> None:
    content = workbook(tmp_path, {"a": [["x"], ["1"]], "b": [["y"], ["2"]]})
    assert reader.refused("xlsx", "x.xlsx", content) == "layer_not_named"
    assert reader.table("xlsx", "x.xlsx", content, container_layer="b").report.columns == ("y",)
    assert reader.refused("xlsx", "x.xlsx", content, container_layer="c") == "layer_missing"


def test_xlsx_with_a_value_in_a_far_cell_is_refused_before_calamine(reader: Reader) -> None:
    sheet = '<row r="1"><c r="A1"><v>1</v></c></row>'
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    styled = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    assert reader.refused("xlsx", "x.xlsx", xlsx(sheet + far)) == "xlsx_too_many_cells"
    assert reader.table("xlsx", "x.xlsx", xlsx(sheet + styled)).table.num_rows == 1


def test_xlsx_years_as_headers_are_a_header(reader: Reader, tmp_path: Path) -> None:
    content = workbook(tmp_path, {"a": [["จังหวัด", 2558, 2560], ["กรุงเทพมหานคร", 1.5, 2.5]]})
    assert reader.table("xlsx", "x.xlsx", content).report.columns == ("จังหวัด", "2558", "2560")


# --- GeoJSON -----------------------------------------------------------------------------------


def test_geojson_keeps_order_ids_and_null_geometries(reader: Reader) -> None:
    features = [point_feature(100 + i, 13, name=f"n{i}", tags=["a", i]) for i in range(3)]
    for feature, number in zip(features, (5, 3, 3), strict=True):
        feature["id"] = number
    features[1]["geometry"] = None
    read = reader.table("geojson", "x.geojson", geojson(features))
    assert read.table["_row"].to_pylist() == [1, 2, 3]
    assert read.table["id"].to_pylist() == [5, 3, 3]
    assert read.table["name"].to_pylist() == ["n0", "n1", "n2"]
    assert shapes(read) == ["POINT (100 13)", None, "POINT (102 13)"]
    assert read.report.null_geometries == 1
    assert read.report.crs_declared == "EPSG:4326"


def test_geojson_of_metres_without_crs_is_not_called_degrees(reader: Reader) -> None:
    features = [point_feature(665000, 1520000, a=1), point_feature(665001, 1520000, a=2)]
    read = reader.table("geojson", "x.geojson", geojson(features))
    assert read.report.crs_declared is None
    assert "geojson_not_degrees" in oddities(read)


def test_geojson_old_crs_member_is_heeded(reader: Reader) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32647"}}
    read = reader.table("geojson", "x.geojson", geojson([point_feature(665000, 1520000)], crs=crs))
    assert read.report.crs_declared == "EPSG:32647"
    assert read.report.crs_text == "urn:ogc:def:crs:EPSG::32647"
    assert "geojson_not_degrees" not in oddities(read)


def test_geojson_dates_stay_as_written(reader: Reader) -> None:
    read = reader.table("geojson", "x.geojson", geojson([point_feature(1, 2, d="2567-02-29")]))
    assert read.table["d"].to_pylist() == ["2567-02-29"]


@pytest.mark.parametrize("cut", [1, 2, 30, 60])
def test_geojson_that_does_not_end_is_refused(reader: Reader, cut: int) -> None:
    content = geojson([point_feature(100, 13, name="a"), point_feature(100, 14, name="b")])
    assert reader.refused("geojson", "x.geojson", content[:-cut]) == "json_broken"


def test_geojson_geometry_that_gdal_drops_is_a_bad_row(reader: Reader) -> None:
    odd = point_feature(100, 13, name="odd")
    odd["geometry"] = {"type": "Pentagon", "coordinates": [[100, 13], [101, 13]]}
    content = geojson([odd, point_feature(100, 13, name="good")])
    read = reader.table("geojson", "x.geojson", content)
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [(1, "geometry_unreadable")]
    assert read.table["name"].to_pylist() == ["good"]


def test_geojson_text_with_a_nul_is_a_bad_row_not_a_cut_one(reader: Reader) -> None:
    content = geojson([point_feature(1, 2, a="x\x00y"), point_feature(1, 2, a="x")])
    read = reader.table("geojson", "x.geojson", content)
    assert [bad.row for bad in read.report.bad_rows] == [1]
    assert read.table["a"].to_pylist() == ["x"]


# --- Esri JSON ---------------------------------------------------------------------------------


def esri(features: list[dict[str, Any]], kind: str, **members: object) -> bytes:
    fields = [
        {"name": "OBJECTID", "type": "esriFieldTypeOID"},
        {"name": "NAME", "type": "esriFieldTypeString"},
    ]
    whole = {
        "objectIdFieldName": "OBJECTID",
        "geometryType": f"esriGeometry{kind}",
        "spatialReference": {"wkid": 102100, "latestWkid": 3857},
        "fields": fields,
        **members,
        "features": features,
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def esri_feature(number: int, geometry: object, **more: object) -> dict[str, Any]:
    return {"attributes": {"OBJECTID": number, "NAME": f"n{number}", **more}, "geometry": geometry}


def test_esri_points_keep_the_order_of_the_answer(reader: Reader) -> None:
    points = [esri_feature(n, {"x": n, "y": 2}, extra={"a": 1}) for n in (9, 4, 7)]
    read = reader.table("esri_json", "x.json", esri(points, "Point"))
    assert read.table["OBJECTID"].to_pylist() == [9, 4, 7]
    assert shapes(read) == ["POINT (9 2)", "POINT (4 2)", "POINT (7 2)"]
    assert read.report.crs_declared == read.report.crs_text == "EPSG:3857"
    assert read.table["extra"].null_count == 0


def test_esri_rings_become_outers_with_their_holes(reader: Reader) -> None:
    outer = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]  # clockwise
    hole = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
    second = [[20, 0], [20, 5], [25, 5], [20, 0]]
    feature = esri_feature(1, {"rings": [outer, hole, second]})
    read = reader.table("esri_json", "x.json", esri([feature], "Polygon"))
    shape = shapely.from_wkb(read.table["_geom"][0].as_py())
    assert shape.geom_type == "MultiPolygon"
    assert shape.area == pytest.approx(100 - 4 + 12.5)


def test_esri_paths_and_empty_geometries(reader: Reader) -> None:
    line = esri_feature(1, {"paths": [[[0, 0], [1, 1]], [[5, 5], [6, 6]]]})
    read = reader.table("esri_json", "x.json", esri([line, esri_feature(2, None)], "Polyline"))
    assert shapes(read) == ["MULTILINESTRING ((0 0, 1 1), (5 5, 6 6))", None]
    assert read.report.null_geometries == 1


def test_esri_answer_that_is_a_part_is_refused(reader: Reader) -> None:
    content = esri([esri_feature(1, {"x": 1, "y": 2})], "Point", exceededTransferLimit=True)
    assert reader.refused("esri_json", "x.json", content) == "incomplete_page"


# --- KML ---------------------------------------------------------------------------------------


def test_kml_folders_become_one_table_in_the_order_of_the_document(reader: Reader) -> None:
    body = (
        f"{placemark('ก', code='01')}<Folder><name>เขต</name>{placemark('ข', code='02', icon='x')}"
        f"<Folder><name>ย่อย</name>{placemark('ค')}</Folder><Folder><name>ว่าง</name></Folder>"
        f"{placemark('ง')}</Folder>{placemark('จ')}"
    )
    read = reader.table("kml", "x.kml", kml(body))
    by_row = dict(zip(read.table["_row"].to_pylist(), read.table["Name"].to_pylist(), strict=True))
    assert by_row == {1: "ก", 2: "ข", 3: "ค", 4: "ง", 5: "จ"}
    assert set(read.report.columns) == {"Name", "code", "icon", "folder"}
    assert read.report.crs_declared == "EPSG:4326"


def test_kml_name_is_spelt_as_the_source_declares_it(reader: Reader) -> None:
    content = kml(placemark("ก", Code="1"))
    assert reader.table("kml", "x.kml", content, columns_hint=["name"]).report.columns == (
        "name",
        "Code",
    )


def test_kml_geometry_that_is_not_understood_is_a_bad_row(reader: Reader) -> None:
    model = "<Model><Location><longitude>1</longitude><latitude>2</latitude></Location></Model>"
    link = "<NetworkLink><Link><href>http://127.0.0.1/x.kml</href></Link></NetworkLink>"
    odd = f"<Placemark><name>m</name>{model}</Placemark><Placemark><name>n</name></Placemark>"
    read = reader.table("kml", "x.kml", kml(link + odd + placemark("a")))
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [(1, "geometry_unreadable")]
    assert read.table["_row"].to_pylist() == [2, 3]
    assert read.report.null_geometries == 1
    assert oddities(read) == ["network_link"]


def test_kml_of_thai_windows_and_kmz(reader: Reader) -> None:
    content = kml(placemark("สวนลุมพินี")).decode().replace("UTF-8", "windows-874")
    read = reader.table("kml", "x.kml", content.encode("cp874"))
    assert read.table["Name"].to_pylist() == ["สวนลุมพินี"]
    packed = zipped({"doc.kml": kml(placemark("สวน")), "files/icon.png": b"\x89PNG"})
    assert reader.table("kml", "x.kmz", packed).table["Name"].to_pylist() == ["สวน"]


def test_kml_that_is_cut_is_refused(reader: Reader) -> None:
    assert reader.refused("kml", "x.kml", kml(placemark("a") * 3)[:-40]) == "xml_broken"


# --- GeoPackage --------------------------------------------------------------------------------


@pytest.fixture
def geopackage(tmp_path: Path) -> Path:
    frame = geopandas.GeoDataFrame(
        {"ชื่อ": ["ก", "ข", "ค"], "n": [1, 2, 3]},
        geometry=geopandas.points_from_xy([1, 2, 3], [4, 5, 6]),
        crs="EPSG:32647",
    )
    path = tmp_path / "made.gpkg"
    frame.to_file(path, layer="สวน", driver="GPKG")
    return path


def test_geopackage_layer_with_its_ids(reader: Reader, geopackage: Path) -> None:
    read = reader.table("geopackage", "x.gpkg", geopackage.read_bytes())
    assert read.table["ชื่อ"].to_pylist() == ["ก", "ข", "ค"]
    assert read.table["fid"].to_pylist() == [1, 2, 3]
    assert shapes(read)[0] == "POINT (1 4)"
    assert read.report.crs_declared == "EPSG:32647"
    assert read.report.container_layer == "สวน"


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE VIEW v AS SELECT * FROM "สวน"',
        "CREATE VIRTUAL TABLE t USING fts5(x)",
        'CREATE TRIGGER t AFTER INSERT ON "สวน" BEGIN SELECT 1; END',
    ],
)
def test_geopackage_that_can_run_something_is_refused(
    reader: Reader, geopackage: Path, statement: str
) -> None:
    with sqlite3.connect(geopackage) as connection:
        connection.execute(statement)
    connection.close()
    content = geopackage.read_bytes()
    assert reader.refused("geopackage", "x.gpkg", content) == "geopackage_active"


def test_geopackage_that_is_cut_is_refused(reader: Reader, geopackage: Path) -> None:
    content = geopackage.read_bytes()[:-4096]
    assert reader.refused("geopackage", "x.gpkg", content) == "geopackage_broken"
