"""Where the sample's places lie: points in the city, denser where more people live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from samples.city import City

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

CLEARANCE = 20.0  # metres from any boundary, so that rounding never changes the district
DECIMALS = 7  # of a degree: 1 cm


@dataclass(frozen=True)
class Spots:
    """Places: WGS 84 degrees, and the names and codes of where they lie."""

    lon: Floats
    lat: Floats
    area: NDArray[np.int64]  # index of the subdistrict in the city
    district: Objects
    subdistrict: Objects
    district_name: Objects
    subdistrict_name: Objects

    def __len__(self) -> int:
        return len(self.lon)


class Surroundings:
    """Draws places in a city."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._people = _people(city)
        inner = shapely.buffer(city.subdistrict_polygons, -CLEARANCE)
        triangles = shapely.constrained_delaunay_triangles(inner)
        parts, self._owner = shapely.get_parts(triangles, return_index=True)
        self._corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
        self._sizes = shapely.area(parts)
        self._degrees = Transformer.from_crs("EPSG:32647", "EPSG:4326", always_xy=True)

    def draw(self, count: int, random: np.random.Generator, crowding: float = 1.0) -> Spots:
        """`count` places; `crowding` 1 follows the people, 0 spreads them over the subdistricts."""
        weights = self._people**crowding
        area = random.choice(len(weights), count, p=weights / weights.sum())
        return self.within(area, random)

    def within(self, area: NDArray[np.int64], random: np.random.Generator) -> Spots:
        """One place in each of the given subdistricts (indices, repeated at will)."""
        triangle = self._triangles_in(area, random)
        first, second = random.random((2, len(area)))
        fold = first + second > 1
        first[fold], second[fold] = 1 - first[fold], 1 - second[fold]
        a, b, c = (self._corners[triangle, k] for k in range(3))
        metres = a + first[:, None] * (b - a) + second[:, None] * (c - a)
        lon, lat = self._degrees.transform(metres[:, 0], metres[:, 1])
        subdistricts, districts = self._city.subdistricts, self._city.districts
        above = self._city.district_of[area]
        return Spots(
            np.round(lon, DECIMALS),
            np.round(lat, DECIMALS),
            area,
            _take([d.code for d in districts], above),
            _take([s.code for s in subdistricts], area),
            _take([d.name_th for d in districts], above),
            _take([s.name_th for s in subdistricts], area),
        )

    def _triangles_in(
        self, area: NDArray[np.int64], random: np.random.Generator
    ) -> NDArray[np.int64]:
        """A triangle of each subdistrict, likelier the larger it is."""
        ends = np.cumsum(self._sizes)
        last = np.searchsorted(self._owner, np.arange(len(self._people)), side="right") - 1
        high = ends[last]
        low = np.concatenate([[0.0], high[:-1]])
        reached = low[area] + random.random(len(area)) * (high - low)[area]
        found: NDArray[np.int64] = np.searchsorted(ends, reached, side="right")
        return np.minimum(found, last[area])


def _people(city: City) -> Floats:
    """People by subdistrict: those of the district, by the square root of the area."""
    share = np.sqrt(shapely.area(city.subdistrict_polygons))
    whole = np.bincount(city.district_of, weights=share)
    people = np.array([district.population for district in city.districts], dtype=float)
    return people[city.district_of] * share / whole[city.district_of]


def _take(values: list[str], index: NDArray[np.int_]) -> Objects:
    return np.array(values, dtype=object)[index]
