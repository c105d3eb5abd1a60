"""Boundaries of districts and subdistricts, from the planners' GIS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from samples.city import City
from samples.formats.archives import write_zip
from samples.formats.documents import write_bytes
from samples.formats.shapes import shapefile_parts
from samples.register import Register
from samples.truth import SourceTruth

NAME_BYTES = 35  # of a DBF field: eleven Thai characters and a piece of the twelfth
WHOLE_NAME = NAME_BYTES // 3
RETIRED, CURRENT = "104701", "104702"  # แขวงบางนา was split in 2017


def write_districts(folder: Path, city: City, random: np.random.Generator) -> SourceTruth:
    """Zipped shapefile, UTF-8, UTM 47N; one name is misspelt in the official figures."""
    districts = city.districts
    register = Register(
        "sample_districts",
        {
            "DCODE": [d.code for d in districts],
            "DNAME": ["เขต" + d.file_name_th for d in districts],
            "DNAME_E": [d.name_en for d in districts],
        },
        key="DCODE",
        random=random,
        districts=np.array([d.code for d in districts], dtype=object),
        unplaced_at="exact",
    )
    everyone = np.arange(len(districts))
    register.expect(everyone, "population", [d.population for d in districts])
    register.expect(everyone, "area_m2", [d.area_m2 for d in districts])
    register.expect(everyone, "name_en", [d.name_en for d in districts])
    misspelt = [d.name_th != d.file_name_th for d in districts]
    register.issue(
        register.pick("name_misspelt", sum(misspelt), misspelt), "name_differs_from_code"
    )
    parts = shapefile_parts(
        city.district_polygons,
        register.columns
        | {
            "POP": np.array([d.population for d in districts], dtype=np.int32),
            "AREA_KM2": np.array([d.area_m2 / 1e6 for d in districts]),
        },
        epsg=32647,
        geometry_type="Polygon",
        encoding="utf-8",
        cpg="UTF-8",
    )
    write_zip(
        folder / "planning" / "districts.zip",
        {f"DISTRICT{suffix}": content for suffix, content in parts.items()},
    )
    return register.finish()


def write_subdistricts(folder: Path, city: City, random: np.random.Generator) -> SourceTruth:
    """Bare shapefile; names cut in mid-character by their field, one code years out of date."""
    areas = city.subdistricts
    register = Register(
        "sample_subdistricts",
        {
            "SD_CODE": [a.code for a in areas],
            "SD_NAME": [a.name_th for a in areas],
            "D_CODE": [a.district_code for a in areas],
            "D_NAME": [city.districts[i].name_th for i in city.district_of],
        },
        key="SD_CODE",
        random=random,
        districts=np.array([a.district_code for a in areas], dtype=object),
        subdistricts=np.array([a.code for a in areas], dtype=object),
        unplaced_at="exact",
    )
    register.expect(np.arange(len(areas)), "name_th", [a.name_th for a in areas])
    old = register.pick("code_retired", 1, [a.code == CURRENT for a in areas])
    register.say(old, "SD_CODE", RETIRED)
    register.issue(old, "code_retired")
    cut = [len(a.name_th) > WHOLE_NAME for a in areas]
    register.issue(register.pick("name_cut", sum(cut), cut), "name_differs_from_code")
    parts = shapefile_parts(
        city.subdistrict_polygons,
        register.columns | {"AREA_SQM": np.round(shapely.area(city.subdistrict_polygons), 2)},
        epsg=32647,
        geometry_type="Polygon",
        encoding="utf-8",
        cpg="UTF-8",
        cut_at=NAME_BYTES,
    )
    for suffix, content in parts.items():
        write_bytes(folder / "planning" / "subdistricts" / f"KHWAENG{suffix}", content)
    return register.finish()
