"""Deliveries that are not what they say: each has a name, and GDAL never sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deliveries import Reader, kml, placemark, zipped

VRT = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'  # noqa: E501
GDALG = b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}'
WFS = b"\n\n<OGRWFSDataSource><URL>http://127.0.0.1/</URL></OGRWFSDataSource>"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("geojson", "x.geojson"),
        ("shapefile", "x.shp"),
        ("geopackage", "x.gpkg"),
        ("kml", "x.kml"),
        ("csv", "x.csv"),
    ],
)
@pytest.mark.parametrize("content", [VRT, GDALG, WFS], ids=["vrt", "gdalg", "wfs"])
def test_pointer_files_are_refused_under_any_name(
    reader: Reader, format: str, name: str, content: bytes
) -> None:
    assert reader.refused(format, name, content) == "pointer_file"


@pytest.mark.parametrize(
    ("format", "members"),
    [
        ("shapefile", {"a.shp": VRT, "a.shx": b"", "a.dbf": b""}),
        ("geojson", {"a.geojson": VRT}),
        ("geopackage", {"a.gpkg": VRT}),
    ],
)
def test_pointer_files_inside_a_zip_are_refused(
    reader: Reader, format: str, members: dict[str, bytes]
) -> None:
    assert reader.refused(format, "x.zip", zipped(members)) == "pointer_file"


@pytest.mark.parametrize(
    ("format", "name", "content", "code"),
    [
        ("csv", "x.csv", b"<!DOCTYPE html>\n<html><body>Login</body></html>", "html_page"),
        ("geojson", "x.geojson", b"  <html></html>", "html_page"),
        ("csv", "x.csv", b"", "file_empty"),
        ("csv", "x.csv", b"\n\n", "file_empty"),
        ("csv", "x.csv", b'{"a": 1}', "format_mismatch"),
        ("csv", "x.csv", b"a,b\n\x00\x01\x02", "format_mismatch"),
        ("shapefile", "x.zip", b"this is text", "not_a_zip"),
        ("xlsx", "x.xlsx", b"\xd0\xcf\x11\xe0old excel", "format_mismatch"),
        ("xlsx", "x.xlsx", zipped({"a.txt": b"x"}), "format_mismatch"),
        ("kml", "x.kml", b"<gml></gml>", "format_mismatch"),
        ("geojson", "x.json", b'{"type": "Topology"}', "format_mismatch"),
        ("geojson", "x.json", b'{"features": [], "error": {"code": 498}}', "service_error"),
        ("esri_json", "x.json", b'{"error": {"code": 400, "message": "x"}}', "service_error"),
        ("geojson", "x.json", b'{"type": "FeatureCollection", "features": []} {}', "json_broken"),
        ("geojson", "x.json", b"[" * 100_000, "json_broken"),
    ],
)
def test_deliveries_that_are_something_else(
    reader: Reader, format: str, name: str, content: bytes, code: str
) -> None:
    assert reader.refused(format, name, content) == code


def test_geojson_whose_crs_is_a_link_is_refused(reader: Reader) -> None:
    link = b'{"type": "link", "properties": {"href": "http://127.0.0.1/", "type": "proj4"}}'
    content = b'{"type": "FeatureCollection", "crs": ' + link + b', "features": []}'
    assert reader.refused("geojson", "x.geojson", content) == "crs_link"


def test_xml_with_entities_is_refused(reader: Reader) -> None:
    laughs = '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    start, rest = kml(placemark("&b;")).decode().split("?>", 1)
    content = f"{start}?>{laughs}{rest}".encode()
    assert reader.refused("kml", "x.kml", content) == "xml_entities"
    far = f"{start}?><!--{' ' * 100_000}-->{laughs}{rest}".encode()
    assert reader.refused("kml", "x.kml", far) == "xml_entities"


def test_kml_that_crashes_libkml_costs_one_delivery(reader: Reader) -> None:
    model = "<Model><Location><longitude>1</longitude></Location></Model>"
    body = f"<Placemark><MultiGeometry>{model}</MultiGeometry></Placemark>"
    assert reader.refused("kml", "x.kml", kml(body)) == "reader_crashed"
    assert reader.table("kml", "y.kml", kml(placemark("a"))).table.num_rows == 1
