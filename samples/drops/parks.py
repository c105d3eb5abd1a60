"""Parks: a shapefile in Indian 1975, and a register without coordinates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from samples import datum, spellings, words
from samples.formats.archives import write_zip
from samples.formats.documents import csv_bytes, write_bytes
from samples.formats.shapes import shapefile_parts
from samples.places import Spots
from samples.register import Floats, Index, Register
from samples.truth import SourceTruth

TYPES = ("สวนหย่อมขนาดเล็ก", "สวนชุมชน", "สวนหมู่บ้าน", "สวนระดับย่าน", "สวนระดับเมือง", "สวนถนน")
THAI_COLUMN = "ประเภทสวน"  # the DBF keeps three characters of it and a piece of the fourth
LOST_NAME = "Placemark"
AYUTTHAYA = (100.5690000, 14.3532000)


def write_parks(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """Zipped shapefile, EPSG:24047, UTF-8 without .cpg, areas in rai, ngan and square wah."""
    count = len(spots)
    thai, english = words.trees(count, random)
    rai = random.integers(0, 40, count)
    ngan, wah = random.integers(0, 4, count), random.integers(1, 100, count)
    register = Register(
        "sample_parks",
        {
            "PARK_ID": [f"P{number:06d}" for number in range(1, count + 1)],
            "NAME_T": "สวน" + thai,
            "NAME_E": np.where(random.random(count) < 0.6, english + " Park", None),
            "P_TYPE": words.choice(TYPES, count, random),
            "RAI": rai,
            "NGAN": ngan,
            "WAH": wah,
            "DCODE": spots.district,
        },
        key="PARK_ID",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
    )
    triple = register.pick("rai_ngan_wah")
    register.expect(triple, "area_m2", _square_metres(register, triple))
    typed = register.pick("column_name_cut")
    register.expect(typed, "park_type", register.columns["P_TYPE"][typed])
    _plant_areas(register)
    _plant_names(register)
    _plant_places(register)
    register.plant_duplicates("NAME_T")
    nameless = register.pick("key_missing")
    register.say(nameless, "PARK_ID", None)
    register.quarantine(nameless, "key_missing")
    numbers = {name: register.columns[name].astype(np.int32) for name in ("RAI", "NGAN", "WAH")}
    located = ~np.isnan(register.lon)
    shapes = np.full(len(register), None, dtype=object)
    metres = datum.indian_1975_utm_47n(register.lon[located], register.lat[located])
    shapes[located] = shapely.points(metres)
    parts = shapefile_parts(
        shapes,
        register.columns | numbers,
        epsg=24047,
        geometry_type="Point",
        encoding="utf-8",
        cpg=None,
        own_names={"P_TYPE": THAI_COLUMN},
    )
    write_zip(
        folder / "environment" / "parks_indian1975.zip",
        {f"parks/PARK{suffix}": content for suffix, content in parts.items()},
    )
    return register.finish()


def _square_metres(register: Register, rows: Index) -> Floats:
    rai, ngan, wah = (register.columns[name][rows].astype(float) for name in ("RAI", "NGAN", "WAH"))
    square_metres: Floats = 1600 * rai + 400 * ngan + 4 * wah
    return square_metres


def _plant_areas(register: Register) -> None:
    many = register.pick("ngan_not_normalised")
    register.say(many, "RAI", 0)
    register.say(many, "NGAN", 128)
    register.say(many, "WAH", 0)
    register.expect(many, "area_m2", 51200.0)
    negative = register.pick("negative_area")
    register.say(negative, "RAI", -3)
    register.issue(negative, "value_out_of_range")


def _plant_names(register: Register) -> None:
    lost = register.pick("placeholder_name")
    register.say(lost, "NAME_T", LOST_NAME)
    register.issue(lost, "placeholder_name")
    register.expect(lost, "name_th", None)
    apart = register.pick("sara_am_decomposed")
    register.say(apart, "NAME_T", spellings.decomposed("สวนลำดวนน้ำใส"))
    register.expect(apart, "name_th", "สวนลำดวนน้ำใส")
    blank = register.pick("nbsp")
    register.say(blank, "NAME_T", f"สวนไทรงาม{spellings.NBSP}ริมน้ำ")
    register.expect(blank, "name_th", "สวนไทรงาม ริมน้ำ")
    unseen = register.pick("zero_width")
    register.say(unseen, "NAME_T", f"สวนชงโค{spellings.ZERO_WIDTH}ร่มรื่น")
    register.expect(unseen, "name_th", "สวนชงโคร่มรื่น")
    for repaired in (apart, blank, unseen):
        register.issue(repaired, "text_repaired")


def _plant_places(register: Register) -> None:
    wrong = register.pick("wrong_district", where=register.district != "1003")
    register.say(wrong, "DCODE", "1003")
    register.issue(wrong, "district_disagrees")
    unknown = register.pick("unknown_code")
    register.say(unknown, "DCODE", "1099")
    register.issue(unknown, "code_unknown")
    outside = register.pick("outside_the_city")
    register.lon[outside], register.lat[outside] = AYUTTHAYA
    register.quarantine(outside, "position_outside")
    unplaced = register.pick("no_shape")
    register.at_area(unplaced, "district")
    register.issue(unplaced, "position_missing")
    nowhere = register.pick("no_shape_no_area")
    register.at_area(nowhere, "district")
    register.say(nowhere, "DCODE", None)
    register.quarantine(nowhere, "place_missing")


def write_register(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """CSV with BOM and without coordinates: parks are at the district of their code."""
    count = len(spots)
    thai, _ = words.trees(count, random)
    register = Register(
        "sample_parks_register",
        {
            "id": np.arange(1, count + 1).astype(str).astype(object),
            "dcode": spots.district,
            "park_name": "สวนหย่อม" + thai,
            "area": words.numbered(50, 30_000, count, random),
        },
        key="id",
        random=random,
        districts=spots.district,
        unplaced_at="district",
        first_row=2,
    )
    lost = register.pick("placeholder_name", count // 3)
    register.say(lost, "park_name", LOST_NAME)
    register.issue(lost, "placeholder_name")
    register.expect(lost, "name_th", None)
    decimal = register.pick("code_as_number")
    register.say(decimal, "dcode", register.columns["dcode"][decimal] + ".0")
    unknown = register.pick("area_zero")
    register.say(unknown, "area", "0")
    register.expect(unknown, "area_m2", None)
    nowhere = register.pick("unknown_code_no_position")
    register.say(nowhere, "dcode", "1099")
    register.quarantine(nowhere, "place_missing")
    register.issue(nowhere, "code_unknown")
    register.plant_duplicates("park_name")
    text = csv_bytes(register.columns, "utf-8-sig")
    write_bytes(folder / "environment" / "parks_register.csv", text)
    return register.finish()
