"""Housing communities: a CP874 CSV by names alone, with columns that nobody outside may see."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from samples import spellings, words
from samples.formats.documents import csv_bytes, write_bytes
from samples.places import Spots
from samples.register import Register
from samples.truth import SourceTruth

KINDS = ("ชุมชนแออัด", "ชุมชนเมือง", "ชุมชนชานเมือง", "ชุมชนอาคารสูง", "ชุมชนรูปแบบพิเศษ")
NOTES = ("", "", "ทางเข้าแคบ", "รอสำรวจซ้ำ", "น้ำท่วมขังบางจุด")
DISTRICT, SUBDISTRICT, KIND = "สำนักงานเขต", "แขวง", "ประเภทชุมชน"
PEOPLE, MEN, WOMEN, DAY = "ประชากร", "ชาย", "หญิง", "วันที่จดทะเบียน"
FIRST_DAY = date(1992, 1, 1)


def write_communities(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """CSV in CP874 without coordinates; (district, subdistrict) by name; BE dates."""
    count = len(spots)
    thai, _ = words.trees(count, random)
    men = random.integers(40, 1500, count)
    women = random.integers(40, 1500, count)
    days = [FIRST_DAY + timedelta(days=int(n)) for n in random.integers(0, 11_000, count)]
    register = Register(
        "sample_communities",
        {
            "รหัสชุมชน": [f"C{number:06d}" for number in range(1, count + 1)],
            "ชื่อชุมชน": "ชุมชน" + thai,
            DISTRICT: spots.district_name,
            SUBDISTRICT: spots.subdistrict_name,
            KIND: words.choice(KINDS, count, random),
            PEOPLE: (men + women).astype(str).astype(object),
            MEN: men.astype(str).astype(object),
            WOMEN: women.astype(str).astype(object),
            "ครัวเรือน": ((men + women) // 4 + 1).astype(str).astype(object),
            DAY: [spellings.date_short(day) for day in days],
            "ผู้ประสานงาน": words.people(count, random),
            "หมายเหตุการสำรวจ": words.choice(NOTES, count, random),
        },
        key="รหัสชุมชน",
        random=random,
        districts=spots.district,
        subdistricts=spots.subdistrict,
        unplaced_at="subdistrict",
        first_row=2,
    )
    _plant_people(register)
    _plant_days(register, np.array(days, dtype=object))
    _plant_places(register)
    _plant_words(register)
    register.plant_duplicates("ชื่อชุมชน")
    bad = _unreadable_records(register)
    good = {name: values[: len(values) - len(bad)] for name, values in register.columns.items()}
    write_bytes(folder / "social" / "communities.csv", csv_bytes(good, "cp874", bad))
    return register.finish()


def _plant_people(register: Register) -> None:
    plain = register.pick("sum_right")
    for column, name in (("population", PEOPLE), ("men", MEN), ("women", WOMEN)):
        register.expect(plain, column, register.columns[name][plain])
    wrong = register.pick("sum_wrong")
    register.say(wrong, PEOPLE, "7")
    register.issue(wrong, "value_sum")
    none = register.pick("nobody")
    for name in (PEOPLE, MEN, WOMEN):
        register.say(none, name, "0")
    register.issue(none, "value_out_of_range")
    thai = register.pick("thai_digits")
    for name, said in ((PEOPLE, "๑,๒๐๐"), (MEN, "๗๐๐"), (WOMEN, "๕๐๐")):
        register.say(thai, name, said)
    register.expect(thai, "population", 1200)
    register.expect(thai, "men", 700)


def _plant_days(register: Register, days: np.ndarray) -> None:
    for spelling in spellings.DATE_SPELLINGS:
        rows = register.pick(spelling.__name__)
        register.say(rows, DAY, [spelling(day) for day in days[rows]])
        register.expect(rows, "registered_on", days[rows])
    short = register.pick("two_digit_year")
    register.say(short, DAY, [spellings.date_two_digits(day) for day in days[short]])
    register.issue(short, "date_ambiguous")
    register.expect(short, "registered_on", None)


def _plant_places(register: Register) -> None:
    unknown = register.pick("subdistrict_unknown")
    register.say(unknown, SUBDISTRICT, "บางสมมุติ")
    register.at_area(unknown, "district")
    register.issue(unknown, "place_name_unknown")
    split = register.pick("subdistrict_split", 1)
    register.say(split, DISTRICT, "บางนา")
    register.say(split, SUBDISTRICT, "บางนา")
    register.district[split] = "1047"
    register.at_area(split, "district")
    register.issue(split, "place_name_unknown")
    moved = register.pick("subdistrict_of_another_district_by_now", 1)
    register.say(moved, DISTRICT, "คลองเตย")
    register.say(moved, SUBDISTRICT, "คลองเตยเหนือ")
    register.district[moved], register.subdistrict[moved] = "1039", "103901"
    register.issue(moved, "code_retired")
    twice = register.pick("name_in_two_districts", 1)
    register.say(twice, DISTRICT, "")
    register.say(twice, SUBDISTRICT, "บางจาก")
    register.issue(twice, "place_name_unknown")
    register.quarantine(twice, "place_missing")
    once = register.pick("name_in_one_district", 1)
    register.say(once, DISTRICT, "")
    register.say(once, SUBDISTRICT, "ลุมพินี")
    register.district[once], register.subdistrict[once] = "1007", "100704"
    nowhere = register.pick("no_area")
    register.say(nowhere, DISTRICT, "")
    register.say(nowhere, SUBDISTRICT, "")
    register.quarantine(nowhere, "place_missing")
    prefixed = register.pick("district_with_prefix")
    names = register.columns[DISTRICT][prefixed]
    register.say(prefixed, DISTRICT, ["สำนักงานเขต" + name for name in names])


def _plant_words(register: Register) -> None:
    apart = register.pick("sara_am_decomposed")
    register.say(apart, "ชื่อชุมชน", spellings.decomposed("ชุมชนน้ำใสสามัคคี"))
    register.expect(apart, "name_th", "ชุมชนน้ำใสสามัคคี")
    register.issue(apart, "text_repaired")
    strange = register.pick("unknown_category")
    register.say(strange, KIND, "ชุมชนลอยน้ำ")
    register.issue(strange, "value_unknown_category")
    register.expect(strange, "community_type", None)
    special = register.pick("known_category")
    register.say(special, KIND, KINDS[4])
    register.expect(special, "community_type", "special")


def _unreadable_records(register: Register) -> list[bytes]:
    """The last records: a field too few, and a line pasted from a UTF-8 file."""
    register.plant_unreadable()
    pasted = "C900002,ชุมชนจากแฟ้มอื่น,พระนคร,ตลาดยอด,ชุมชนเมือง,20,10,10,5,,,"
    return ["C900001,ชุมชนขาดช่อง,พระนคร".encode("cp874"), pasted.encode()]
