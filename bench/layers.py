"""The layers of the load bench: places and buildings of the sample city, as agencies have them.

Points: 70 % in 200 clusters (standard deviation 300 m), 30 % uniform. Polygons: rectangles of 6 to
30 m a side, rotated, 1 % bow-ties, 1 % with a hole. Both lie inside the sample city's districts, in
EPSG:24047 (Indian 1975 / UTM zone 47N, by the parameters of the Royal Thai Survey Department), and
have eight attributes. A size and a kind give the same rows on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from samples import SEED as CITY
from samples import datum, generator, words

Floats = NDArray[np.float64]
Kind = Literal["points", "polygons"]
Format = Literal["gpkg", "shp"]
Edit = Literal["spread", "together"]
"""Which features were edited: everywhere, or those around one place."""

SEED: Final = 24047
CRS: Final = "EPSG:24047"
CLUSTERS: Final = 200
CLUSTERED: Final = 0.7
SPREAD_M: Final = 300.0
SIDES_M: Final = (6.0, 30.0)
EDITED: Final = 0.01
ODD: Final = 0.01
"""Share of bow-ties, and of polygons with a hole."""
TYPES: Final = ("ร้านค้า", "ศาลเจ้า", "โรงเรียน", "ตลาด", "คลินิก", "ธนาคาร", "สำนักงาน", "โรงงาน")


@dataclass(frozen=True)
class Land:
    """Where the sample city is: its outline and districts in EPSG:32647, by order of code."""

    outline: shapely.Geometry
    districts: NDArray[np.object_]
    codes: NDArray[np.object_]
    names: NDArray[np.object_]


@cache
def land() -> Land:
    """The sample city as it is always grown."""
    grown = generator.grown_city(CITY)
    return Land(
        grown.outline,
        grown.district_polygons,
        np.array([district.code for district in grown.districts], dtype=object),
        np.array([district.name_th for district in grown.districts], dtype=object),
    )


def write(kind: Kind, rows: int, format: Format, folder: Path, edit: Edit | None = None) -> Path:
    """One layer as `<kind>.<format>` in `folder`; a shapefile in CP874, with its parts.

    `edit`: 1 % of its features have another area and lie 10 m further east.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}.{format}"
    for old in folder.glob(f"{kind}.*"):
        old.unlink()
    random = np.random.default_rng([SEED, rows, len(kind)])
    spots = _spots(rows, random)
    table, shifted = _attributes(spots, random), spots
    if edit:
        edited = _edited(spots, edit)
        shifted = spots + edited[:, None] * np.array([10.0, 0.0])
        areas = pa.array(np.asarray(table["AREA"]) + edited, pa.float64())
        table = table.set_column(table.column_names.index("AREA"), "AREA", areas)
    shapes = _points(shifted) if kind == "points" else _buildings(shifted, random)
    table = table.append_column("geometry", pa.array(shapely.to_wkb(shapes), pa.binary()))
    options: dict[str, Any] = {
        "geometry_name": "geometry",
        "geometry_type": "Point" if kind == "points" else "Polygon",
        "crs": CRS,
    }
    if format == "gpkg":
        pyogrio.write_arrow(table, path, driver="GPKG", layer=kind, **options)
    else:
        pyogrio.write_arrow(table, path, driver="ESRI Shapefile", encoding="CP874", **options)
        path.with_suffix(".cpg").write_text("874", "ascii")
    return path


def _edited(spots: Floats, edit: Edit) -> NDArray[np.bool_]:
    wanted = int(len(spots) * EDITED)
    if edit == "spread":
        every: NDArray[np.bool_] = np.arange(len(spots)) % round(1 / EDITED) == 0
        return every
    near: Floats = np.hypot(*(spots - spots[0]).T)
    within: NDArray[np.bool_] = near <= np.partition(near, wanted)[wanted]
    return within


def _spots(rows: int, random: np.random.Generator) -> Floats:
    """(rows, 2) metres in EPSG:32647, all of them inside the city."""
    clustered = int(rows * CLUSTERED)
    centres = _uniform(CLUSTERS, random)
    near = _inside(
        clustered,
        lambda n: centres[random.integers(0, CLUSTERS, n)] + random.normal(0, SPREAD_M, (n, 2)),
    )
    return np.concatenate([near, _uniform(rows - clustered, random)])


def _uniform(rows: int, random: np.random.Generator) -> Floats:
    west, south, east, north = shapely.bounds(land().outline)
    return _inside(rows, lambda n: random.uniform((west, south), (east, north), (n, 2)))


def _inside(rows: int, draw: Any) -> Floats:
    found = np.empty((0, 2))
    shapely.prepare(land().outline)
    while len(found) < rows:
        tried = draw(max(1_000, 2 * (rows - len(found))))
        found = np.concatenate([found, tried[shapely.contains_xy(land().outline, *tried.T)]])
    return found[:rows]


def _moved(metres: Floats) -> Floats:
    """EPSG:32647 -> EPSG:24047."""
    return datum.indian_1975_utm_47n(*_to_degrees().transform(*metres.T))


@cache
def _to_degrees() -> Transformer:
    return Transformer.from_crs("EPSG:32647", "EPSG:4326", always_xy=True)


def _points(spots: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.points(_moved(spots)))


def _buildings(spots: Floats, random: np.random.Generator) -> NDArray[np.object_]:
    rows = len(spots)
    half = random.uniform(*SIDES_M, (rows, 2)) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)])
    odd = random.random(rows)
    rings = corners[None] * half[:, None]
    bow_ties = odd < ODD
    rings[bow_ties] = rings[bow_ties][:, [0, 1, 3, 2, 4]]
    angle = random.uniform(0, np.pi, rows)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = np.einsum("ijn,nkj->nki", turn, rings) + spots[:, None]
    shells = np.asarray(shapely.linearrings(_moved(placed.reshape(-1, 2)).reshape(rows, 5, 2)))
    shapes = np.asarray(shapely.polygons(shells))
    pierced = np.flatnonzero((odd >= ODD) & (odd < 2 * ODD))
    inner = (placed[pierced] - spots[pierced, None]) * 0.4 + spots[pierced, None]
    holes = np.asarray(shapely.linearrings(_moved(inner.reshape(-1, 2)).reshape(-1, 5, 2)))
    shapes[pierced] = shapely.polygons(shells[pierced], holes[:, None])
    return shapes


def _attributes(spots: Floats, random: np.random.Generator) -> pa.Table:
    """Eight columns, and `ID`, the agency's key."""
    rows = len(spots)
    thai, english = words.trees(rows, random)
    number = random.integers(1, 9_999, rows).astype(str).astype(object)  # many distinct names
    district = _district_of(spots)
    return pa.table(
        {
            "ID": pa.array(np.arange(1, rows + 1), pa.int32()),
            "NAME_T": pa.array(thai + " " + number, pa.string()),
            "NAME_E": pa.array(english + " " + number, pa.string()),
            "TYPE": pa.array(np.array(TYPES, dtype=object)[random.integers(0, 8, rows)]),
            "DCODE": pa.array(land().codes[district], pa.string()),
            "DNAME": pa.array(land().names[district], pa.string()),
            "BLDG_NO": pa.array(number, pa.string()),
            "YEAR": pa.array(random.integers(2480, 2569, rows), pa.int32()),
            "AREA": pa.array(np.round(random.uniform(10, 5_000, rows), 2), pa.float64()),
        }
    )


def _district_of(spots: Floats) -> NDArray[np.int64]:
    found = np.zeros(len(spots), dtype=np.int64)
    districts, inside = shapely.STRtree(np.asarray(shapely.points(spots))).query(
        land().districts, predicate="intersects"
    )
    found[inside] = districts
    return found
