"""KML: words as they are written, every placemark once, and no cost that grows with the folders."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
import shapely

from geo.reader.formats.kml_walk import MAX_DEPTH, Walk, count
from geo.reader.refused import Refused
from tests.unit.deliveries import Reader, kml, placemark

pytestmark = pytest.mark.usefixtures("quick_reader")

MANY = 5_000


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def seconds(reader: Reader, content: bytes) -> float:
    start = time.perf_counter()
    assert reader.table("kml", "x.kml", content).table.num_rows == MANY
    return time.perf_counter() - start


def test_thousands_of_folders_cost_what_one_costs(reader: Reader) -> None:
    one = kml("".join(placemark(str(n)) for n in range(MANY)))
    each = kml("".join(f"<Folder>{placemark(str(n))}</Folder>" for n in range(MANY)))
    idle = seconds(reader, one)
    assert seconds(reader, each) < 3 * idle


def test_columns_of_several_types_are_the_words_of_the_file(reader: Reader) -> None:
    fields = '<Schema id="s{0}"><SimpleField name="code" type="{0}"/></Schema>'
    said = (
        '<ExtendedData><SchemaData schemaUrl="#s{0}"><SimpleData name="code">{1}</SimpleData>'
        "</SchemaData></ExtendedData>"
    )
    body = fields.format("int") + fields.format("string")
    for kind, value in (("int", "0012"), ("string", "0013"), ("gone", "0014")):
        mark = f"<Placemark>{said.format(kind, value)}</Placemark>"
        body += f"<Folder><name>{kind}</name>{mark}</Folder>"
    read = reader.table("kml", "x.kml", kml(body))
    assert read.table["code"].to_pylist() == ["0012", "0013", "0014"]
    assert read.table["folder"].to_pylist() == ["int", "string", "gone"]


def test_thai_names_and_names_that_differ_in_case_stay_apart(reader: Reader) -> None:
    content = kml(placemark("ก", **{"รหัส": "1", "ชื่อ": "2", "Code": "3", "code": "4"}))
    read = reader.table("kml", "x.kml", content).table.drop_columns(["_geom", "_row"])
    assert read.to_pylist() == [{"Name": "ก", "รหัส": "1", "ชื่อ": "2", "Code": "3", "code": "4"}]


def test_a_name_that_one_placemark_repeats_loses_no_value(reader: Reader) -> None:
    data = "".join(f'<Data name="tel"><value>{n}</value></Data>' for n in (1, 2, 2))
    mark = f"<Placemark><ExtendedData>{data}</ExtendedData></Placemark>"
    read = reader.table("kml", "x.kml", kml(mark)).table
    assert (read["tel"].to_pylist(), read["tel_2"].to_pylist()) == (["1"], ["2"])
    assert read.num_columns == 4


def test_folders_of_one_name_are_told_apart_and_can_be_chosen(reader: Reader) -> None:
    folder = "<Folder><name>สวน</name>{}</Folder>"
    body = folder.format(placemark("a") + folder.format(placemark("b"))) + placemark("c")
    read = reader.table("kml", "x.kml", kml(body))
    assert read.table["Name"].to_pylist() == ["a", "b", "c"]
    assert read.table["folder"].to_pylist() == ["สวน", "สวน (#2)", "data"]
    chosen = reader.table("kml", "x.kml", kml(body), container_layer="สวน (#2)")
    assert (chosen.table["Name"].to_pylist(), chosen.report.records) == (["b"], 1)
    assert chosen.table["_row"].to_pylist() == [2]


def test_placemarks_beside_folders_below_the_root_are_read(reader: Reader) -> None:
    start = '<kml xmlns="http://www.opengis.net/kml/2.2">'
    content = f"{start}{placemark('a')}<Folder>{placemark('b')}</Folder></kml>"
    assert reader.table("kml", "x.kml", content.encode()).table["Name"].to_pylist() == ["a", "b"]


def test_prefixes_markup_times_and_tracks(reader: Reader) -> None:
    track = "<Track><when>2020</when><coord>1 2 3</coord><coord>2 3 4</coord></Track>"
    mark = (
        "<k:Placemark id='p'><k:name>x</k:name><k:description>a <b>b</b></k:description>"
        "<k:LookAt><k:TimeStamp><k:when>1999</k:when></k:TimeStamp></k:LookAt>"
        f"<k:TimeSpan><k:begin>2567-01</k:begin></k:TimeSpan>{track}</k:Placemark>"
    )
    content = f"<k:kml xmlns:k='http://www.opengis.net/kml/2.2'>{mark}</k:kml>"
    read = reader.table("kml", "x.kml", content.encode()).table
    (row,) = read.drop_columns(["_geom", "_row"]).to_pylist()
    assert row == {"Name": "x", "description": "a <b>b</b>", "begin": "2567-01", "id": "p"}
    shape = shapely.force_2d(shapely.from_wkb(read["_geom"][0].as_py()))
    assert shape.wkt == "LINESTRING (1 2, 2 3)"


# --- Two counts that share nothing -------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("<Placemark/><Placemark >x</Placemark><a:Placemark xmlns:a='x'/>", 3),
        ("<!-- <Placemark/> --><Placemark/><![CDATA[<Placemark/>]]><?x <Placemark/>?>", 1),
        ("<Placemarks/><MyPlacemark/><x Placemark='1'/>", 0),
    ],
)
def test_the_second_count_is_of_start_tags(body: str, counted: int) -> None:
    assert count(f"<kml>{body}</kml>") == counted


@pytest.mark.parametrize(
    "body",
    [
        "<Foo><Placemark/></Foo>",
        "<Placemark><Placemark/></Placemark>",
        "<NetworkLinkControl><Update><Delete><Placemark/></Delete></Update></NetworkLinkControl>",
        "<Placemark><description><Placemark/></description></Placemark>",
    ],
)
def test_a_placemark_where_none_can_stand_is_not_lost(reader: Reader, body: str) -> None:
    assert reader.refused("kml", "x.kml", kml(placemark("a") + body)) == "rows_lost"


def test_a_damaged_tag_is_refused(reader: Reader) -> None:
    content = kml(placemark("a") + placemark("b"))
    damaged = content.replace(b"<Placemark>", b"<Placemerk>", 1)
    assert reader.refused("kml", "x.kml", damaged) == "xml_broken"


# --- Bounds ------------------------------------------------------------------------------------


def walk(body: str) -> Walk:
    return Walk(kml(body).decode(), io.StringIO())


def test_names_without_end_are_refused_early() -> None:
    several = "".join(placemark("a", **{f"n{n}": "1"}) for n in range(10_000))
    repeated = "".join(f'<Data name="n"><value>{n}</value></Data>' for n in range(10_000))
    one = f"<Placemark><ExtendedData>{repeated}</ExtendedData></Placemark>"
    for body in (several, one):
        with pytest.raises(Refused, match="too_many_columns"):
            walk(body)


def test_elements_within_elements_are_refused_before_they_fill_a_stack(reader: Reader) -> None:
    def nested(depth: int) -> str:
        inner = depth - 4  # kml, Document, Placemark, Point
        shape = "<Point><coordinates>1,2</coordinates></Point>"
        return (
            f"<Placemark>{'<MultiGeometry>' * inner}{shape}{'</MultiGeometry>' * inner}</Placemark>"
        )

    assert reader.table("kml", "x.kml", kml(nested(MAX_DEPTH - 1))).report.null_geometries == 0
    for body in (nested(MAX_DEPTH + 1), "<Folder>" * 100_000 + "</Folder>" * 100_000):
        with pytest.raises(Refused, match="too_deep"):
            walk(body)


def test_time_grows_with_the_placemarks_and_no_faster() -> None:
    def cost(marks: int) -> float:
        body = "".join(f"<Folder>{placemark(str(n), a='1')}</Folder>" for n in range(marks))
        start = time.process_time()
        walk(body)
        return time.process_time() - start

    assert cost(8_000) < 10 * cost(2_000)  # 4 times, and 16 if it grew with the square


def test_coordinates_that_are_no_numbers_are_bad_rows_and_no_others(reader: Reader) -> None:
    shape = "<{0}><coordinates>{1}</coordinates></{0}>"
    bad = [("Point", "abc"), ("Point", "nan,nan"), ("Point", "100.5"), ("Point", "100,5;13,7")]
    bad += [("LineString", "1,2 x,y 3,4"), ("LineString", "1,2 3,inf")]
    good = [("Point", " 1, 2, 0 "), ("LineString", "\n-1e1,2,3\t4,5,+6\n")]
    none = [("Point", ""), ("LineString", " \n ")]
    body = "".join(f"<Placemark>{shape.format(*said)}</Placemark>" for said in bad + good + none)
    read = reader.table("kml", "x.kml", kml(body))
    codes = [(row.row, row.code) for row in read.report.bad_rows]
    assert codes == [(n + 1, "geometry_unreadable") for n in range(len(bad))]
    shapes = shapely.force_2d(shapely.from_wkb(read.table["_geom"].to_pylist()))
    assert [shape.wkt for shape in shapes[:2]] == ["POINT (1 2)", "LINESTRING (-10 2, 4 5)"]
    assert all(shape is None or shape.is_empty for shape in shapes[2:])
