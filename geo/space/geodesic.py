"""Areas and lengths on the WGS 84 ellipsoid.

One kilometre of Web Mercator is 971 m on the ground in Bangkok; so nothing is measured in a plane.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo.space.shapes import Floats, Geometries

_GEOD = pyproj.Geod(ellps="WGS84")


def area_m2(geometries: Geometries) -> Floats:
    """Area of polygons in EPSG:4326, m2, edges as geodesics; 0 for other kinds and for nulls."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    ends = np.searchsorted(ring, np.arange(len(rings) + 1))
    areas = np.array(
        [
            abs(_GEOD.polygon_area_perimeter(*coordinates[start:end].T)[0])
            for start, end in pairwise(ends)  # pyproj takes one ring at a time
        ],
        dtype=np.float64,
    )
    is_shell = np.diff(part, prepend=-1) != 0  # the first ring of its part
    signed = np.where(is_shell, areas, -areas)
    return _sums(owner[part], signed, len(geometries))


def _sums(owner: npt.NDArray[np.int64], values: Floats, size: int) -> Floats:
    return np.bincount(owner, weights=values, minlength=size).astype(np.float64)
