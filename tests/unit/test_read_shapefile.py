"""Shapefiles: Thai in whatever encoding it comes, and no cut file read as if it were whole."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from geo.reader.formats.shapefile_parts import check
from geo.reader.refused import Refused
from geo.states import Refusal
from tests.unit.deliveries import Reader, shapefile, zipped, zipped_shapefile

pytestmark = pytest.mark.usefixtures("quick_reader")

NAMES = ["สวนลุมพินี", "ศูนย์บริการสาธารณสุข 1", "ป้อมปราบศัตรูพ่าย"]
FIELDS = [(b"ID", 4), (b"NAME", 80)]


def rows(encoding: str) -> list[list[bytes]]:
    return [[f"{i:04}".encode(), name.encode(encoding)] for i, name in enumerate(NAMES)]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "cpg", "language", "declared"),
    [
        ("cp874", b"OEM 874", 0, "OEM 874"),
        ("cp874", None, 0x57, "LDID 0x57"),
        ("cp874", b"UTF-8", 0, "UTF-8"),
        ("utf-8", None, 0, None),
        ("utf-8", b"ISO-8859-1", 0, "ISO-8859-1"),
    ],
)
def test_thai_is_decoded_by_its_bytes_whatever_the_label_says(
    reader: Reader, encoding: str, cpg: bytes | None, language: int, declared: str | None
) -> None:
    parts = shapefile(FIELDS, rows(encoding), cpg=cpg, language=language)
    read = reader.table("shapefile", "x.zip", zipped_shapefile(parts))
    assert read.table["NAME"].to_pylist() == NAMES
    assert read.table["ID"].to_pylist() == ["0000", "0001", "0002"]
    assert read.report.encoding_found == encoding
    assert read.report.encoding_declared == declared
    assert read.report.crs_declared == "EPSG:32647"


def test_bare_parts_are_read_and_their_side_files_left_aside(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    files = {f"เขต.{suffix[1:].upper()}": content for suffix, content in parts.items()}
    read = reader.table("shapefile", files | {"เขต.shp.xml": b"<metadata/>"})
    assert read.table["NAME"].to_pylist() == NAMES
    assert read.table["_row"].to_pylist() == [1, 2, 3]
    assert read.report.geometry_type == "Point"


def test_value_cut_inside_a_character_loses_its_tail_and_says_so(reader: Reader) -> None:
    parts = shapefile([(b"NAME", 10)], [["สวนลุมพินี".encode()], [b"ok"]], cpg=b"UTF-8")
    read = reader.table("shapefile", "x.zip", zipped_shapefile(parts))
    assert read.table["NAME"].to_pylist() == ["สวน", "ok"]
    assert [(o.code, o.detail[0]) for o in read.report.oddities] == [("text_cut", "1")]


def test_field_name_cut_inside_a_character_is_repaired_from_the_declared_names(
    reader: Reader,
) -> None:
    fields = [("ชื่อสถานที่".encode(), 60), ("รหัสเขต".encode(), 4)]
    parts = shapefile(fields, [["วัดพระแก้ว".encode(), b"1001"]])
    delivery = ("shapefile", "x.zip", zipped_shapefile(parts))
    assert reader.table(*delivery).report.columns == ("ชื่", "รหั")
    mended = reader.table(*delivery, columns_hint=["ชื่อสถานที่", "รหัสเขต", "เบอร์โทร"])
    assert mended.report.columns == ("ชื่อสถานที่", "รหัสเขต")
    assert {o.code for o in mended.report.oddities} == {"column_name_repaired"}


def test_ambiguous_prefix_is_not_repaired(reader: Reader) -> None:
    parts = shapefile([("ชื่อสถานที่".encode(), 9)], [[b"a"]])
    read = reader.table(
        "shapefile", "x.zip", zipped_shapefile(parts), columns_hint=["ชื่อสถานที่", "ชื่อย่อ"]
    )
    assert read.report.columns == ("ชื่",)


def test_rows_in_no_encoding_become_bad_rows_not_mojibake(reader: Reader) -> None:
    many = [[f"{i:04}".encode(), NAMES[i % 3].encode("cp874")] for i in range(60)]
    many[7][1] = "สวนจตุจักร".encode()  # one row in UTF-8
    read = reader.table("shapefile", "x.zip", zipped_shapefile(shapefile(FIELDS, many)))
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [(8, "encoding_unreadable")]
    assert read.table.num_rows == 59
    assert 8 not in read.table["_row"].to_pylist()


def test_deleted_records_and_null_shapes_are_counted(reader: Reader) -> None:
    parts = shapefile(
        FIELDS, rows("utf-8"), points=[(1, 2), None, (3, 4)], deleted=[0], cpg=b"UTF-8"
    )
    read = reader.table("shapefile", "x.zip", zipped_shapefile(parts))
    assert read.table["_row"].to_pylist() == [2, 3]
    assert read.report.null_geometries == 1
    assert [o.code for o in read.report.oddities] == ["deleted_records"]


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("keep", [0, 60, 100, 110, 0.5, -1, -9, -29])
def test_part_that_is_cut_anywhere_is_refused(tmp_path: Path, suffix: str, keep: float) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    whole = parts[suffix]
    kept = int(len(whole) * keep) if isinstance(keep, float) else keep
    parts[suffix] = whole[:kept]
    if suffix == ".dbf" and kept == -1:
        return  # only the end mark is gone, which many writers leave out
    for name, content in parts.items():
        (tmp_path / f"x{name}").write_bytes(content)
    with pytest.raises(Refused, match="truncated"):
        check(*(tmp_path / f"x{part}" for part in (".shp", ".shx", ".dbf")))


def test_dbf_header_that_says_fewer_rows_is_refused(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    dbf = bytearray(parts[".dbf"])
    dbf[4:8] = (1).to_bytes(4, "little")
    parts[".dbf"] = bytes(dbf)
    assert reader.refused("shapefile", "x.zip", zipped_shapefile(parts)) == "shapefile_truncated"


def test_truncation_in_a_zip_is_refused_through_the_child(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    parts[".shp"] = parts[".shp"][:-12]
    assert reader.refused("shapefile", "x.zip", zipped_shapefile(parts)) == "shapefile_truncated"


def test_missing_parts_are_named(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    del parts[".dbf"]
    assert reader.refused("shapefile", "x.zip", zipped_shapefile(parts)) == "shapefile_part_missing"
    assert reader.refused("shapefile", "x.zip", zipped({"a.txt": b""})) == "shapefile_missing"


def test_one_of_two_shapefiles_must_be_named(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    both = {f"in/{stem}{suffix}": parts[suffix] for stem in "ab" for suffix in parts}
    assert reader.refused("shapefile", "x.zip", zipped(both)) == "layer_not_named"
    read = reader.table("shapefile", "x.zip", zipped(both), container_layer="b")
    assert read.report.container_layer == "b"
    assert (
        reader.refused("shapefile", "x.zip", zipped(both), container_layer="c") == "layer_missing"
    )


# --- Counts that all parts must agree on -------------------------------------------------------

RECORD = 28  # bytes of a point's record in the .shp, its header with it


def outcome_of(reader: Reader, parts: dict[str, bytes]) -> str | list[int]:
    """Code of the refusal, or the numbers of the rows."""
    outcome = reader.outcome("shapefile", {f"x{suffix}": part for suffix, part in parts.items()})
    return outcome.code if isinstance(outcome, Refusal) else outcome.table["_row"].to_pylist()


def with_bytes(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def test_two_entries_of_the_index_cannot_mean_one_record(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    parts[".shx"] = with_bytes(parts[".shx"], 100 + 8, parts[".shx"][100:108])
    assert outcome_of(reader, parts) == "shapefile_truncated"


def test_a_record_behind_the_stated_end_is_not_lost(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    more = struct.pack(">ii", 4, 10) + parts[".shp"][108:128]
    assert outcome_of(reader, {**parts, ".shp": parts[".shp"] + more}) == "shapefile_truncated"
    assert outcome_of(reader, {**parts, ".shp": parts[".shp"] + bytes(40)}) == [1, 2, 3]


def test_a_record_that_was_moved_leaves_its_old_place_behind(reader: Reader) -> None:
    """As GDAL writes: the new shape at the end, the old bytes between the others."""
    parts = shapefile(FIELDS, rows("utf-8"))
    moved = parts[".shp"] + parts[".shp"][100 : 100 + RECORD]
    parts[".shp"] = with_bytes(moved, 24, struct.pack(">i", len(moved) // 2))
    parts[".shx"] = with_bytes(parts[".shx"], 100, struct.pack(">i", (len(moved) - RECORD) // 2))
    assert outcome_of(reader, parts) == [1, 2, 3]
    unknown = with_bytes(parts[".shp"], 100, struct.pack(">i", 9))
    assert outcome_of(reader, {**parts, ".shp": unknown}) == "shapefile_truncated"


def test_a_shape_whose_kind_was_wiped_out_is_a_bad_row(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    parts[".shp"] = with_bytes(parts[".shp"], 100 + RECORD + 8, bytes(4))
    read = reader.table("shapefile", {f"x{suffix}": part for suffix, part in parts.items()})
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [(2, "geometry_unreadable")]


@pytest.mark.parametrize("new", [b"\xff", bytes(85)], ids=["flag", "all"])
def test_a_damaged_record_of_the_table_is_a_bad_row(reader: Reader, new: bytes) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    parts[".dbf"] = with_bytes(parts[".dbf"], 33 + 2 * 32 + 85, new)
    read = reader.table("shapefile", {f"x{suffix}": part for suffix, part in parts.items()})
    assert [(bad.row, bad.code) for bad in read.report.bad_rows] == [(2, "record_damaged")]
    assert read.table["_row"].to_pylist() == [1, 3]


def test_fields_that_do_not_fill_their_record_are_refused(reader: Reader) -> None:
    parts = shapefile(FIELDS, rows("utf-8"))
    parts[".dbf"] = with_bytes(parts[".dbf"], 32 + 16, b"\x05")
    assert outcome_of(reader, parts) == "shapefile_truncated"
