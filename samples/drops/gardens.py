"""15-minute gardens: a spreadsheet made by people for people."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from samples import spellings, words
from samples.formats.spreadsheet import Sheet, write_xlsx
from samples.places import Spots
from samples.register import Register
from samples.truth import SourceTruth

TITLE = "ทะเบียนสวน 15 นาที (ข้อมูลตัวอย่าง)"
SHEET = "ทะเบียนสวน"
HEADER_ROW = 3
AREA, YEAR, DAY = "เนื้อที่ (ไร่-งาน-ตร.ว.)", "ปีที่แล้วเสร็จ", "วันที่แล้วเสร็จ"
LATITUDE, LONGITUDE = "ละติจูด", "ลองจิจูด"
FIRST_DAY = date(2022, 6, 1)
LEAP_DAY = date(2024, 2, 29)  # 29/02/2567: no date at all where 2567 is taken for a common year


def write_gardens(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """XLSX: a title above the header, Thai headers and digits, BE dates, half the positions."""
    count = len(spots)
    thai, english = words.trees(count, random)
    triples = [spellings.rai_ngan_wah(area) for area in random.integers(400, 20_000, count)]
    days = [FIRST_DAY + timedelta(days=int(n)) for n in random.integers(0, 1200, count)]
    located = random.random(count) < 0.6
    register = Register(
        "sample_gardens_15min",
        {
            "ลำดับที่": np.arange(1, count + 1),
            "ชื่อสวน": "สวน 15 นาที " + thai,
            "ชื่อภาษาอังกฤษ": np.where(random.random(count) < 0.4, english + " Garden", None),
            "เขต": "เขต" + spots.district_name,
            "แขวง": spots.subdistrict_name,
            AREA: [f"{rai}-{ngan}-{wah}" for rai, ngan, wah in triples],
            "ลักษณะงาน": words.choice(("สร้างใหม่", "ปรับปรุง"), count, random),
            "สถานะ": words.choice(("เปิดให้บริการ", "กำลังก่อสร้าง", "เสนอโครงการ"), count, random),
            YEAR: [day.year + spellings.BUDDHIST for day in days],
            DAY: [spellings.date_short(day) for day in days],
            LATITUDE: spots.lat.astype(object),
            LONGITUDE: spots.lon.astype(object),
            "หมายเหตุ": np.full(count, None, dtype=object),
        },
        key="ลำดับที่",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
        first_row=HEADER_ROW + 1,
    )
    square_metres = [float(1600 * r + 400 * n + 4 * w) for r, n, w in triples]
    nowhere = np.flatnonzero(~located)
    register.say(nowhere, LATITUDE, None)
    register.say(nowhere, LONGITUDE, None)
    register.at_area(nowhere, "subdistrict")
    register.messes["no_position"] = len(nowhere)
    _plant_days(register, np.array(days, dtype=object))
    _plant_years(register, np.array([day.year for day in days]))
    _plant_areas(register, np.array(square_metres, dtype=object))
    _plant_words(register, located)
    _plant_places(register, located)
    unplaced = np.flatnonzero(np.isin(register.fate, ["subdistrict", "district"]))
    register.issue(unplaced, "position_missing")
    register.skip_line(after=count // 2)
    register.messes["empty_line"] = 1
    _write(folder / "environment" / "gardens_15min.xlsx", register)
    return register.finish()


def _plant_days(register: Register, days: np.ndarray) -> None:
    for spelling in spellings.DATE_SPELLINGS:
        rows = register.pick(spelling.__name__)
        register.say(rows, DAY, [spelling(day) for day in days[rows]])
        register.expect(rows, "completed_on", days[rows])
    cells = register.pick("true_date_cell")
    register.columns[DAY][cells] = days[cells]
    register.expect(cells, "completed_on", days[cells])
    leap = register.pick("leap_day_of_the_buddhist_era")
    register.say(leap, DAY, spellings.date_slashed(LEAP_DAY))
    register.expect(leap, "completed_on", LEAP_DAY)
    short = register.pick("two_digit_year")
    register.say(short, DAY, [spellings.date_two_digits(day) for day in days[short]])
    register.issue(short, "date_ambiguous")
    register.expect(short, "completed_on", None)
    never = register.pick("impossible_date")
    register.say(never, DAY, "31/02/2567")
    register.issue(never, "value_unreadable")
    register.expect(never, "completed_on", None)


def _plant_years(register: Register, years: np.ndarray) -> None:
    thai = register.pick("year_in_thai_digits")
    register.say(thai, YEAR, [spellings.thai_digits(y + spellings.BUDDHIST) for y in years[thai]])
    register.expect(thai, "completed_year", years[thai])
    era = register.pick("year_with_era")
    register.say(era, YEAR, [f"พ.ศ. {y + spellings.BUDDHIST}" for y in years[era]])
    register.expect(era, "completed_year", years[era])
    common = register.pick("year_of_the_common_era")
    register.say(common, YEAR, [int(y) for y in years[common]])
    register.expect(common, "completed_year", years[common])
    short = register.pick("two_digit_year")
    register.say(short, YEAR, 67)
    register.issue(short, "date_ambiguous")
    register.expect(short, "completed_year", None)


def _plant_areas(register: Register, areas: np.ndarray) -> None:
    plain = register.pick("rai_ngan_wah")
    register.expect(plain, "area_m2", areas[plain])
    thai = register.pick("area_in_thai_digits")
    register.say(thai, AREA, spellings.thai_digits("4-2-0"))
    register.expect(thai, "area_m2", 7200.0)
    spelt = register.pick("area_in_words")
    register.say(spelt, AREA, "๒ ไร่ ๑ งาน ๕๐ ตร.ว.")
    register.expect(spelt, "area_m2", 3800.0)
    many = register.pick("ngan_not_normalised")
    register.say(many, AREA, "0-128-0")
    register.expect(many, "area_m2", 51200.0)
    dash = register.pick("area_not_known")
    register.say(dash, AREA, "-")
    register.expect(dash, "area_m2", None)


def _plant_words(register: Register, located: np.ndarray) -> None:
    apart = register.pick("sara_am_decomposed")
    register.say(apart, "สถานะ", spellings.decomposed("กำลังก่อสร้าง"))
    register.expect(apart, "status", "building")
    register.issue(apart, "text_repaired")
    strange = register.pick("unknown_category")
    register.say(strange, "ลักษณะงาน", "รอผู้รับเหมา")
    register.issue(strange, "value_unknown_category")
    register.expect(strange, "works", None)
    unnamed = register.pick("name_missing")
    register.say(unnamed, "ชื่อสวน", None)
    register.quarantine(unnamed, "value_missing")
    digits = register.pick("position_in_thai_digits", where=located)
    for column in (LATITUDE, LONGITUDE):
        texts = [spellings.thai_digits(f"{v:.7f}") for v in register.columns[column][digits]]
        register.say(digits, column, texts)


def _plant_places(register: Register, located: np.ndarray) -> None:
    local = register.pick("district_with_a_longer_prefix")
    register.say(local, "เขต", ["ท้องถิ่น" + name for name in register.columns["เขต"][local]])
    bare = register.pick("district_without_prefix")
    register.say(bare, "เขต", [n.removeprefix("เขต") for n in register.columns["เขต"][bare]])
    misspelt = register.pick("district_misspelt", where=located)
    register.say(misspelt, "เขต", "บึ่งกุ่ม")
    register.say(misspelt, "แขวง", None)
    register.issue(misspelt, "place_name_unknown")
    nowhere = register.pick("district_misspelt_no_position", where=~located)
    register.say(nowhere, "เขต", "บึ่งกุ่ม")
    register.say(nowhere, "แขวง", None)
    register.issue(nowhere, "place_name_unknown")
    register.quarantine(nowhere, "place_missing")
    wide = register.pick("district_alone", where=~located)
    register.say(wide, "แขวง", None)
    register.at_area(wide, "district")
    wrong = register.pick("wrong_district", where=located & (register.district != "1003"))
    register.say(wrong, "เขต", "เขตหนองจอก")
    register.say(wrong, "แขวง", None)
    register.issue(wrong, "district_disagrees")


def _write(path: Path, register: Register) -> None:
    names = list(register.columns)
    lines = zip(*(values.tolist() for values in register.columns.values()), strict=True)
    rows: Sheet = [
        (1, [TITLE]),
        (HEADER_ROW, names),
        *((int(number), line) for number, line in zip(register.row, lines, strict=True)),
    ]
    notes = [(1, ["หมายเหตุ"]), (2, ["ทุกแห่งในแฟ้มนี้เป็นสถานที่สมมุติ"])]
    write_xlsx(path, {SHEET: rows, "คำอธิบาย": notes}, {SHEET: "A1:M1"})
