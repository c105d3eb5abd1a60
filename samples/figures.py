"""The figures that the sample city grows from: districts, their codes, sizes and people.

`bangkok_districts.csv` holds one centroid (WGS 84 degrees), area (km2) and registered population
(December 2568) per district; the official names and the 180 subdistricts come from `geothai`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources

import geothai
import numpy as np
from numpy.typing import NDArray

PROVINCE = "10"


@dataclass(frozen=True)
class District:
    """One district as the figures give it; `area_m2` in square metres."""

    code: str
    name_th: str
    name_en: str
    file_name_th: str  # as the figures spell it, which is not always the official spelling
    lon: float
    lat: float
    area_m2: float
    population: int


@dataclass(frozen=True)
class Subdistrict:
    """One subdistrict: its six-digit code and official names, without the word แขวง."""

    code: str
    name_th: str
    name_en: str

    @property
    def district_code(self) -> str:
        """Four digits: the district that it lies in."""
        return self.code[:4]


def districts() -> list[District]:
    """The 50 districts in the order of their codes."""
    text = resources.files("samples").joinpath("bangkok_districts.csv").read_text("utf-8-sig")
    found = []
    for row in csv.DictReader(text.splitlines()):
        official = geothai.district(row["code"])
        if official is None:
            raise ValueError(f"geothai does not know district {row['code']}")
        found.append(
            District(
                code=row["code"],
                name_th=official.name_th.removeprefix("เขต"),
                name_en=official.name_en,
                file_name_th=row["name_th"].removeprefix("เขต"),
                lon=float(row["lon"]),
                lat=float(row["lat"]),
                area_m2=float(row["area_km2"]) * 1e6,
                population=int(row["population_2568"]),
            )
        )
    return sorted(found, key=lambda district: district.code)


def subdistricts() -> list[Subdistrict]:
    """The 180 subdistricts in the order of their codes."""
    found = [
        Subdistrict(area.code, area.name_th, area.name_en)
        for district in geothai.districts(PROVINCE)
        for area in geothai.subdistricts(district.code)
    ]
    return sorted(found, key=lambda area: area.code)


def centroids(of: list[District]) -> NDArray[np.float64]:
    """Centroids as an (n, 2) array of longitude and latitude."""
    return np.array([(district.lon, district.lat) for district in of])
