"""Deliveries that are not what they say: each has a name, and GDAL never sees them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import geo.reader
from geo.reader import sniff
from geo.reader.formats.json_walk import walk
from geo.reader.refused import Refused
from geo.reading.messages import MESSAGES
from schemas.formats import FORMATS
from tests.unit.deliveries import Reader, kml, placemark, zipped

pytestmark = pytest.mark.usefixtures("quick_reader")

VRT = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'  # noqa: E501
GDALG = b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}'
WFS = b"\n\n<OGRWFSDataSource><URL>http://127.0.0.1/</URL></OGRWFSDataSource>"

SOURCES = "".join(path.read_text("utf-8") for path in Path(geo.reader.__path__[0]).rglob("*.py"))


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def sniffed(tmp_path: Path, format: str, name: str, content: bytes) -> str:
    """Code of the refusal before any parser is asked."""
    path = tmp_path / "stored"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        sniff.require(path, name, format)
    return refused.value.code


@pytest.mark.parametrize("format", list(FORMATS))
@pytest.mark.parametrize("content", [VRT, GDALG, WFS], ids=["vrt", "gdalg", "wfs"])
def test_pointer_files_are_refused_under_any_name(
    tmp_path: Path, format: str, content: bytes
) -> None:
    assert sniffed(tmp_path, str(format), "x.geojson", content) == "pointer_file"


@pytest.mark.parametrize(
    ("format", "name", "content"),
    [
        ("geojson", "x.geojson", VRT),
        ("geojson", "x.zip", zipped({"a.geojson": GDALG})),
        ("shapefile", "x.shp", VRT),
        ("shapefile", "x.zip", zipped({"a.shp": VRT, "a.shx": b"", "a.dbf": b""})),
        ("geopackage", "x.zip", zipped({"a.gpkg": VRT})),
    ],
)
def test_pointer_files_are_refused_through_the_child(
    reader: Reader, format: str, name: str, content: bytes
) -> None:
    assert reader.refused(format, name, content) == "pointer_file"


@pytest.mark.parametrize(
    ("format", "name", "content", "code"),
    [
        ("csv", "x.csv", b"<!DOCTYPE html>\n<html><body>Login</body></html>", "html_page"),
        ("geojson", "x.geojson", b"  <html></html>", "html_page"),
        ("csv", "x.csv", b"", "file_empty"),
        ("csv", "x.csv", b'{"a": 1}', "format_mismatch"),
        ("csv", "x.csv", b"a,b\n\x00\x01\x02", "format_mismatch"),
        ("shapefile", "x.zip", b"this is text", "not_a_zip"),
        ("xlsx", "x.xlsx", b"\xd0\xcf\x11\xe0old excel", "format_mismatch"),
        ("geopackage", "x.gpkg", b"PRAGMA foreign_keys", "format_mismatch"),
    ],
)
def test_deliveries_that_are_something_else(
    tmp_path: Path, format: str, name: str, content: bytes, code: str
) -> None:
    assert sniffed(tmp_path, format, name, content) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"features": [], "error": {"code": 498}}', "service_error"),
        ('{"error": {"code": 400, "message": "x"}}', "service_error"),
        ('{"features": [], "exceededTransferLimit": true}', "incomplete_page"),
        ('{"properties": {"exceededTransferLimit": true}, "features": []}', "incomplete_page"),
        ('{"type": "FeatureCollection", "features": []} {}', "json_broken"),
        ('{"type": "FeatureCollection", "features": [{}', "json_broken"),
        ('{"features": [{} {}]}', "json_broken"),
        ('{"features": [1]}', "json_broken"),
        ('{"a": ' + "[" * 100_000, "json_broken"),
        ("[]", "json_broken"),
        ("{", "json_broken"),
    ],
)
def test_json_that_is_no_whole_answer(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        walk(text, lambda _: None)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("format", "name", "content", "code"),
    [
        ("csv", "x.csv", b"\n\n", "file_empty"),
        ("xlsx", "x.xlsx", zipped({"a.txt": b"x"}), "format_mismatch"),
        ("kml", "x.kml", b"<gml></gml>", "format_mismatch"),
        ("geojson", "x.json", b'{"type": "Topology"}', "format_mismatch"),
        ("shapefile", "x.zip", b"this is text", "not_a_zip"),
    ],
)
def test_refusals_reach_the_parent(
    reader: Reader, format: str, name: str, content: bytes, code: str
) -> None:
    assert reader.refused(format, name, content) == code


@pytest.mark.parametrize("code", sorted(set(re.findall(r'Refused\(\s*"(\w+)"', SOURCES))))
def test_every_refusal_has_its_message_in_thai_and_english(code: str) -> None:
    th, en = MESSAGES[code]
    assert re.search("[ก-๙]", th)
    assert en.isascii()


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
