"""Hospitals: a KML drawn on a web map."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from samples import spellings, words
from samples.formats.documents import kml, write_bytes
from samples.places import Spots
from samples.register import Register
from samples.truth import SourceTruth

KINDS = ("รัฐ", "เอกชน")


def write_hospitals(folder: Path, spots: Spots, random: np.random.Generator) -> SourceTruth:
    """KML: the name is KML's own, the rest are texts, one placemark is a line."""
    count = len(spots)
    thai, english = words.trees(count, random)
    register = Register(
        "sample_hospitals",
        {
            "hcode": [f"H{number:04d}" for number in range(1, count + 1)],
            "name": "โรงพยาบาล" + thai,
            "name_en": english + " Hospital",
            "kind": words.choice(KINDS, count, random),
            "beds": words.numbered(30, 900, count, random),
            "address": words.numbered(1, 400, count, random) + " แขวง" + spots.subdistrict_name
            + " เขต" + spots.district_name + " กรุงเทพฯ",
            "tel": words.phones(count, random),
            "dcode": spots.district,
        },
        key="hcode",
        random=random,
        lon=spots.lon,
        lat=spots.lat,
        districts=spots.district,
        subdistricts=spots.subdistrict,
    )  # fmt: skip
    _plant(register)
    register.plant_duplicates("name")
    lines = register.pick("line_among_points", 1)
    register.quarantine(lines, "geometry_type_mismatch")
    points = zip(register.lon.tolist(), register.lat.tolist(), strict=True)
    shapes = [
        "" if np.isnan(lon) else f"<Point><coordinates>{lon},{lat},0</coordinates></Point>"
        for lon, lat in points
    ]
    for i in lines:
        start, end = (f"{register.lon[i] + step},{register.lat[i]},0" for step in (0, 0.001))
        shapes[i] = f"<LineString><coordinates>{start} {end}</coordinates></LineString>"
    columns = {name: values for name, values in register.columns.items() if name != "name"}
    text = kml(columns, register.columns["name"].tolist(), shapes, "โรงพยาบาลตัวอย่าง", "hospital")
    write_bytes(folder / "health" / "hospitals.kml", text)
    return register.finish()


def _plant(register: Register) -> None:
    thai = register.pick("thai_digits")
    register.say(thai, "beds", "๑๒๐")
    register.expect(thai, "beds", 120)
    unit = register.pick("number_with_unit")
    register.say(unit, "beds", "1,200 เตียง")
    register.expect(unit, "beds", 1200)
    zero = register.pick("zero_is_unknown")
    register.say(zero, "beds", "0")
    register.expect(zero, "beds", None)
    many = register.pick("out_of_range")
    register.say(many, "beds", "99999")
    register.issue(many, "value_out_of_range")
    strange = register.pick("unknown_category")
    register.say(strange, "kind", "มูลนิธิ")
    register.issue(strange, "value_unknown_category")
    register.expect(strange, "hospital_type", None)
    dash = register.pick("dash_for_a_telephone")
    register.say(dash, "tel", "-")
    register.expect(dash, "phone", None)
    apart = register.pick("sara_am_decomposed")
    register.say(apart, "name", spellings.decomposed("โรงพยาบาลลำดวนรวมใจ"))
    register.expect(apart, "name_th", "โรงพยาบาลลำดวนรวมใจ")
    register.issue(apart, "text_repaired")
    unplaced = register.pick("no_shape")
    register.at_area(unplaced, "district")
    register.issue(unplaced, "position_missing")
    wrong = register.pick("wrong_district", where=register.district != "1003")
    register.say(wrong, "dcode", "1003")
    register.issue(wrong, "district_disagrees")
