"""Public spaces: a CSV of sports fields, a GeoPackage of open grounds, and a GeoJSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from samples import datum, spellings, words
from samples.formats.documents import csv_bytes, decimals, geojson, write_bytes
from samples.formats.shapes import write_geopackage
from samples.places import Spots
from samples.register import Register
from samples.truth import SourceTruth

FIELD_TYPES = ("ลานประจำชุมชน", "โรงเรียนสังกัด กทม.", "โรงเรียนสังกัด สพฐ.", "โรงเรียนเอกชน")
GROUND_TYPES = ("ลานกลางแจ้ง", "ชุมชน", "โรงเรียนทหาร", "ชุมชนทหาร", "อื่นๆ")
SAMUT_SAKHON = (100.2740000, 13.5470000)
SPLIT_CODE, SPLIT_DISTRICT = "104701", "1047"
MOVED_CODE, MOVED_TO = "103304", "103901"


def write_fields(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """CSV with BOM: coordinates in the wrong column, in no form, at 0, 0, outside or left out."""
    count = len(spots)
    thai, _ = words.trees(count, random)
    register = Register(
        "sample_sports_fields",
        {
            "id": [f"SF{number:06d}" for number in range(1, count + 1)],
            "dcode": spots.district,
            "sdcode": spots.subdistrict,
            "field_name": "ลานกีฬา" + thai,
            "field_type": words.choice(FIELD_TYPES, count, random),
            "area": words.numbered(120, 9000, count, random),
            "lat": decimals(spots.lat),
            "lon": decimals(spots.lon),
        },
        key="id",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
        first_row=2,
    )
    _plant_positions(register)
    _plant_codes(register)
    _plant_values(register)
    register.plant_duplicates("field_name")
    bad = _unreadable_records(register)
    text = csv_bytes(
        {n: v[: len(v) - len(bad)] for n, v in register.columns.items()}, "utf-8-sig", bad
    )
    write_bytes(folder / "sports" / "sports_fields.csv", text)
    return register.finish()


def _plant_positions(register: Register) -> None:
    turned = register.pick("lat_lon_swapped", 3 * register.few)
    lat, lon = (register.columns[name][turned] for name in ("lat", "lon"))
    register.say(turned, "lat", lon)
    register.say(turned, "lon", lat)
    register.issue(turned, "position_swapped")
    for mess, said in (("zero_zero", "0"), ("position_in_words", "ไม่ทราบ")):
        rows = register.pick(mess)
        register.say(rows, "lat", said)
        register.say(rows, "lon", said)
        register.at_area(rows, "subdistrict")
        register.issue(rows, "position_unreadable", "position_missing")
    blank = register.pick("no_position")
    register.say(blank, "lat", "")
    register.say(blank, "lon", "")
    register.at_area(blank, "subdistrict")
    register.issue(blank, "position_missing")
    outside = register.pick("outside_the_city")
    register.say(outside, "lon", f"{SAMUT_SAKHON[0]:.7f}")
    register.say(outside, "lat", f"{SAMUT_SAKHON[1]:.7f}")
    register.quarantine(outside, "position_outside")


def _plant_codes(register: Register) -> None:
    split = register.pick("code_split", 1, register.district == SPLIT_DISTRICT)
    register.say(split, "sdcode", SPLIT_CODE)
    register.say(split, "lat", "")
    register.say(split, "lon", "")
    register.at_area(split, "district")
    register.issue(split, "code_ambiguous", "position_missing")
    wrong = register.pick("wrong_district", where=register.district != "1010")
    register.say(wrong, "dcode", "1010")
    register.say(wrong, "sdcode", "")
    register.issue(wrong, "district_disagrees")
    nowhere = register.pick("unknown_code_no_position")
    for column, said in (("dcode", "1099"), ("sdcode", "109999"), ("lat", ""), ("lon", "")):
        register.say(nowhere, column, said)
    register.issue(nowhere, "code_unknown")
    register.quarantine(nowhere, "place_missing")


def _plant_values(register: Register) -> None:
    apart = register.pick("sara_am_decomposed")
    register.say(apart, "field_type", spellings.decomposed(FIELD_TYPES[0]))
    register.expect(apart, "space_type", "community")
    register.issue(apart, "text_repaired")
    blank = register.pick("blanks_at_the_ends")
    register.say(blank, "field_type", f" {FIELD_TYPES[1]}  ")
    register.expect(blank, "space_type", "bma_school")
    strange = register.pick("unknown_category")
    register.say(strange, "field_type", "สนามบนดาดฟ้า")
    register.issue(strange, "value_unknown_category")
    register.expect(strange, "space_type", None)
    for mess, said, value in (
        ("thousands_comma", "1,250", 1250.0),
        ("thai_digits", "๒๕๐", 250.0),
        ("area_with_unit", "๓๒๐ ตร.ม.", 320.0),
    ):
        rows = register.pick(mess)
        register.say(rows, "area", said)
        register.expect(rows, "area_m2", value)
    words_only = register.pick("area_in_words_alone")
    register.say(words_only, "area", "กว้างมาก")
    register.issue(words_only, "value_unreadable")
    register.expect(words_only, "area_m2", None)
    negative = register.pick("negative_area")
    register.say(negative, "area", "-450")
    register.issue(negative, "value_out_of_range")


def _unreadable_records(register: Register) -> list[bytes]:
    """Two last records: one with a field too many, one in bytes of no Thai encoding."""
    register.plant_unreadable()
    return [
        b"SF900001,1001,100101,\xe0\xb8\xa5\xe0\xb8\xb2\xe0\xb8\x99,,120,13.75,100.49,extra,more",
        b"SF900002,1001,100101,\xfc\xfd\xfe\xdb\xdc,,120,13.7530000,100.4930000",
    ]


def write_grounds(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """GeoPackage with a second table, UTM 47N: heights, multi-points and absent shapes."""
    count = len(spots)
    thai, english = words.trees(count, random)
    register = Register(
        "sample_open_grounds",
        {
            "OG_ID": [f"OG{number:06d}" for number in range(1, count + 1)],
            "NAME_TH": "ลานกลางแจ้ง" + thai,
            "NAME_EN": np.where(random.random(count) < 0.5, english + " Ground", None),
            "KIND": words.choice(GROUND_TYPES, count, random),
            "AREA_SQM": np.round(random.lognormal(7, 0.8, count), 1),
            "DCODE": spots.district,
        },
        key="OG_ID",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
    )
    wrong = register.pick("wrong_district", where=register.district != "1021")
    register.say(wrong, "DCODE", "1021")
    register.issue(wrong, "district_disagrees")
    unplaced = register.pick("no_shape")
    register.at_area(unplaced, "district")
    register.issue(unplaced, "position_missing")
    unnamed = register.pick("name_missing")
    register.say(unnamed, "NAME_TH", None)
    register.quarantine(unnamed, "value_missing")
    several = register.pick("several_points")
    register.quarantine(several, "geometry_type_mismatch")
    one = register.pick("multipoint_of_one")
    high = register.pick("height")
    register.plant_taken_keys("NAME_TH")  # no exact copies: each row has an fid of its own
    located = ~np.isnan(register.lon)
    metres = np.full((len(register), 2), np.nan)
    metres[located] = datum.utm_47n(register.lon[located], register.lat[located])
    shapes = np.full(len(register), None, dtype=object)
    shapes[located] = shapely.points(metres[located])
    shapes[high] = shapely.points(np.column_stack([metres[high], np.full(len(high), 1.5)]))
    shapes[one] = [shapely.MultiPoint([place]) for place in metres[one]]
    shapes[several] = [shapely.MultiPoint([place, place + 40]) for place in metres[several]]
    path = folder / "sports" / "open_grounds.gpkg"
    path.unlink(missing_ok=True)
    columns = register.columns | {"AREA_SQM": register.columns["AREA_SQM"].astype(float)}
    write_geopackage(path, "open_grounds", shapes, columns, epsg=32647, geometry_type="Unknown")
    notes = {"REMARK": np.array(["จุดอ้างอิงของผู้สำรวจ"], dtype=object)}
    mark = np.array([shapely.Point(665_000, 1_520_000)], dtype=object)
    write_geopackage(path, "survey_marks", mark, notes, epsg=32647, geometry_type="Point")
    return register.finish()


def write_under_expressway(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """GeoJSON: lines among the points, absent geometries, districts by name."""
    count = len(spots)
    thai, english = words.trees(count, random)
    register = Register(
        "sample_under_expressway",
        {
            "code": [f"EX-{number:05d}" for number in range(1, count + 1)],
            "name": "ลานใต้ทางด่วน" + thai,
            "name_en": english + " (under the expressway)",
            "khet": spots.district_name,
            "area_sqm": random.integers(200, 6000, count).astype(object),
        },
        key="code",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
    )
    lines = register.pick("line_among_points")
    register.quarantine(lines, "geometry_type_mismatch")
    unplaced = register.pick("no_shape")
    register.at_area(unplaced, "district")
    register.issue(unplaced, "position_missing")
    nowhere = register.pick("no_shape_no_area")
    register.at_area(nowhere, "district")
    register.say(nowhere, "khet", None)
    register.quarantine(nowhere, "place_missing")
    prefixed = register.pick("district_with_prefix")
    register.say(prefixed, "khet", ["เขต" + name for name in register.columns["khet"][prefixed]])
    expected = register.pick("constant_category")
    register.expect(expected, "space_type", "under_expressway")
    shapes: list[dict[str, object] | None] = [
        None if np.isnan(lon) else {"type": "Point", "coordinates": [lon, lat]}
        for lon, lat in zip(register.lon.tolist(), register.lat.tolist(), strict=True)
    ]
    for i in lines:
        start = [float(register.lon[i]), float(register.lat[i])]
        end = [start[0] + 0.001, start[1]]
        shapes[i] = {"type": "LineString", "coordinates": [start, end]}
    text = geojson(register.columns, shapes, "under_expressway")
    write_bytes(folder / "expressway" / "under_expressway.geojson", text)
    return register.finish()
