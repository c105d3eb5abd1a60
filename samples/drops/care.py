"""Primary care: the health centres of an ArcGIS service, and a CSV of clinics and pharmacies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samples import spellings, words
from samples.formats.documents import csv_bytes, decimals, esri_json, write_bytes
from samples.places import Spots
from samples.register import Register
from samples.truth import SourceTruth

CENTRES = 69
FIELDS = (
    {"name": "OBJECTID", "alias": "OBJECTID", "type": "esriFieldTypeOID"},
    {"name": "HCODE", "alias": "HCODE", "type": "esriFieldTypeString", "length": 4},
    {"name": "NAME", "alias": "NAME", "type": "esriFieldTypeString", "length": 120},
    {"name": "NAME_E", "alias": "NAME_E", "type": "esriFieldTypeString", "length": 120},
    {"name": "DCODE", "alias": "DCODE", "type": "esriFieldTypeString", "length": 4},
    {"name": "TEL", "alias": "TEL", "type": "esriFieldTypeString", "length": 20},
)
KINDS = {
    "clinic": ("คลินิกชุมชนอบอุ่น", "clinic"),
    "pharmacy_nhso": ("ร้านยา", "pharmacy"),
    "community_healthcenter": ("ศูนย์สุขภาพชุมชน", "community_health_centre"),
}
RETIRED = (("103304", "103901"), ("103305", "103902"), ("103306", "103903"))
SPLIT = "104701"
NONTHABURI = (100.4900000, 14.0300000)


def centre_names(count: int, random: np.random.Generator) -> NDArray[np.object_]:
    """ศูนย์บริการสาธารณสุข 7 บุญมีอุทิศ."""
    numbers = np.arange(1, count + 1).astype(str).astype(object)
    names: NDArray[np.object_] = (
        "ศูนย์บริการสาธารณสุข " + numbers + " " + words.benefactors(count, random)
    )
    return names


def write_centres(
    folder: Path, spots: Spots, names: NDArray[np.object_], random: np.random.Generator
) -> SourceTruth:
    """Esri JSON; object ids out of order, slips of spelling, one centre not yet measured."""
    count = len(spots)
    order = random.permutation(count)
    numbers = np.arange(1, count + 1)
    english = [f"Public Health Centre {number}" for number in numbers]
    register = Register(
        "sample_health_centres",
        {
            "OBJECTID": (order + 101).astype(object),
            "HCODE": [f"{number:02d}" for number in numbers],
            "NAME": names,
            "NAME_E": english,
            "DCODE": spots.district,
            "TEL": words.phones(count, random),
        },
        key="HCODE",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
    )
    double = register.pick("double_space", 2)
    register.expect(double, "name_th", register.columns["NAME"][double])
    register.say(double, "NAME", [n.replace(" ", "  ") for n in register.columns["NAME"][double]])
    register.issue(double, "text_repaired")
    wrong = register.pick("wrong_district", 2, register.district != "1041")
    register.say(wrong, "DCODE", "1041")
    register.issue(wrong, "district_disagrees")
    unplaced = register.pick("empty_point", 1)
    register.at_area(unplaced, "district")
    register.issue(unplaced, "position_missing")
    typed = register.pick("constant_category", 1)
    register.expect(typed, "care_type", "health_centre")
    shapes = [
        {"x": "NaN", "y": "NaN"} if np.isnan(lon) else {"x": lon, "y": lat}
        for lon, lat in zip(register.lon.tolist(), register.lat.tolist(), strict=True)
    ]
    write_bytes(
        folder / "health" / "health_centres.json", esri_json(register.columns, FIELDS, shapes)
    )
    return register.finish()


def write_facilities(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """CSV with BOM, longitude before latitude, subdistrict codes some years out of date."""
    count = len(spots)
    thai, _ = words.trees(count, random)
    kind = words.choice(list(KINDS), count, random)
    prefix = np.array([KINDS[word][0] for word in kind], dtype=object)
    register = Register(
        "sample_health_facilities",
        {
            "id": [f"{number:07d}" for number in range(1, count + 1)],
            "type": kind,
            "name": prefix + thai,
            "lng": decimals(spots.lon),
            "lat": decimals(spots.lat),
            "dcode": spots.district,
            "sdcode": spots.subdistrict,
            "tel": words.phones(count, random),
            "lgbt_clinic": np.where(random.random(count) < 0.03, "1", ""),
        },
        key="id",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
        first_row=2,
    )
    hospital = register.pick("not_of_this_layer", max(3, count // 50))
    register.say(hospital, "type", "hospital")
    register.filter_out(hospital)
    _plant_codes(register)
    _plant_names(register)
    _plant_positions(register)
    register.plant_duplicates("name")
    nameless = register.pick("key_missing")
    register.say(nameless, "id", "")
    register.quarantine(nameless, "key_missing")
    write_bytes(
        folder / "health" / "health_facilities.csv", csv_bytes(register.columns, "utf-8-sig")
    )
    return register.finish()


def _plant_codes(register: Register) -> None:
    for old, new in RETIRED:
        there = register.subdistrict == new
        rows = register.pick("code_retired", where=there)
        register.say(rows, "sdcode", old)
        register.say(rows, "dcode", new[:4])
        register.issue(rows, "code_retired")
    split = register.pick("code_split", 1, register.district == SPLIT[:4])
    register.say(split, "sdcode", SPLIT)
    register.issue(split, "code_ambiguous")
    unknown = register.pick("unknown_code")
    register.say(unknown, "sdcode", "108888")
    register.say(unknown, "dcode", "1088")
    register.issue(unknown, "code_unknown")
    wrong = register.pick("wrong_district", where=register.district != "1050")
    register.say(wrong, "dcode", "1050")
    register.say(wrong, "sdcode", "")
    register.issue(wrong, "district_disagrees")
    thai = register.pick("code_in_thai_digits")
    register.say(thai, "dcode", [spellings.thai_digits(c) for c in register.columns["dcode"][thai]])


def _plant_names(register: Register) -> None:
    blank = register.pick("name_missing")
    register.say(blank, "name", "")
    register.quarantine(blank, "value_missing")
    dash = register.pick("placeholder_name")
    register.say(dash, "name", "-")
    register.issue(dash, "placeholder_name")
    register.quarantine(dash, "value_missing")
    nbsp = register.pick("nbsp")
    register.say(nbsp, "name", f"คลินิก{spellings.NBSP}ร่วมใจ")
    register.issue(nbsp, "text_repaired")
    register.expect(nbsp, "name_th", "คลินิก ร่วมใจ")
    lines = register.pick("line_break_in_a_field")
    register.say(lines, "name", 'ร้านยา "ร่มรื่น"\nสาขา 2, ตลาดใหม่')
    register.issue(lines, "text_repaired")
    register.expect(lines, "name_th", 'ร้านยา "ร่มรื่น" สาขา 2, ตลาดใหม่')
    formula = register.pick("formula_in_a_name")
    register.say(formula, "name", '=HYPERLINK("http://example.org","คลินิก")')
    register.expect(formula, "name_th", '=HYPERLINK("http://example.org","คลินิก")')


def _plant_positions(register: Register) -> None:
    outside = register.pick("outside_the_city")
    register.say(outside, "lng", f"{NONTHABURI[0]:.7f}")
    register.say(outside, "lat", f"{NONTHABURI[1]:.7f}")
    register.quarantine(outside, "position_outside")
    nowhere = register.pick("no_position_no_area")
    for column in ("lng", "lat", "dcode", "sdcode"):
        register.say(nowhere, column, "")
    register.quarantine(nowhere, "place_missing")
