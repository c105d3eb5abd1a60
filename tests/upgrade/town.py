"""An invented town, as its drops of several days: what the old state was made of.

Only the standard library is used, so that the code of any version can write these drops.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

DECLARATIONS = Path(__file__).parent / "declarations"
DISTRICTS = {"1001": ("เขตพระนคร", 100.48), "1002": ("เขตดุสิต", 100.50)}
SUBDISTRICTS = {"100101": ("พระบรมมหาราชวัง", 100.48), "100202": ("วชิรพยาบาล", 100.50)}


def first_day(drops: Path) -> None:
    """Two districts and subdistricts, twenty parks without a position, six clinics."""
    _areas(drops / "districts.geojson", DISTRICTS)
    _areas(drops / "subdistricts.geojson", SUBDISTRICTS)
    parks(drops, {n: f"สวน {n}" for n in range(1, 21)})
    clinics(drops, range(1, 7))


def second_day(drops: Path) -> None:
    """A park has another name, and one is new."""
    parks(drops, {n: f"สวน {n}" for n in range(1, 22)} | {7: "สวนเจ็ด"})


def third_day(drops: Path) -> None:
    """A clinic moved, one is gone and one is new."""
    clinics(drops, [1, 2, 3, 4, 5, 8], moved=3)


def half_of_the_parks(drops: Path) -> None:
    """A delivery that the gate holds."""
    parks(drops, {n: f"สวน {n}" for n in range(1, 11)})


def two_clinics(drops: Path) -> None:
    """A delivery that the gate holds, and a person rejects."""
    clinics(drops, [1, 2])


def districts_anew(drops: Path) -> None:
    """The same districts in other bytes."""
    _areas(drops / "districts.geojson", DISTRICTS, indent=1)


def parks(drops: Path, names: Mapping[int, str]) -> None:
    """The register of parks: a district code and no coordinates."""
    rows = [f"{n},{1001 + n % 2},{name},{1000 + n}" for n, name in names.items()]
    _write(drops / "parks.csv", "\n".join(["id,dcode,park_name,area", *rows]))


def clinics(drops: Path, numbers: Iterable[int], moved: int | None = None) -> None:
    """Clinics with positions in UTM 47 on Indian 1975; `moved` stands 50 m further east."""
    rows = [
        f"C{n:02},คลินิก {n},{661000 + 100 * n + (50 if n == moved else 0)},{1519000 + 10 * n}"
        for n in numbers
    ]
    _write(drops / "clinics.csv", "\n".join(["code,name,e,n", *rows]))


def _areas(path: Path, areas: Mapping[str, tuple[str, float]], indent: int | None = None) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [_square(west)]},
        }
        for code, (name, west) in areas.items()
    ]
    collection = {"type": "FeatureCollection", "features": features}
    _write(path, json.dumps(collection, ensure_ascii=False, indent=indent))


def _square(west: float) -> list[list[float]]:
    east = round(west + 0.02, 2)
    return [[west, 13.73], [east, 13.73], [east, 13.75], [west, 13.75], [west, 13.73]]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
