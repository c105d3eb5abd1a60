"""Positions as agencies' files hold them, from true ones in WGS 84.

Indian 1975 is computed here by an explicit pipeline of our own, apart from
`geo.space.operations`: this is the oracle that the pipeline is held against. The three parameters
are the Royal Thai Survey Department's (geocentric translation of +204.4798 +837.8940 +294.7765 m
from Indian 1975 to WGS 84).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

Floats = NDArray[np.float64]

TO_INDIAN_1975_UTM_47N = (
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
    "+step +proj=cart +ellps=WGS84 "
    "+step +proj=helmert +x=-204.4798 +y=-837.8940 +z=-294.7765 "
    "+step +inv +proj=cart +a=6377276.345 +rf=300.8017 "
    "+step +proj=utm +zone=47 +a=6377276.345 +rf=300.8017"
)


def indian_1975_utm_47n(lon: Floats, lat: Floats) -> Floats:
    """Easting and northing (n, 2) in EPSG:24047, metres."""
    return np.column_stack(_indian().transform(lon, lat))


def utm_47n(lon: Floats, lat: Floats) -> Floats:
    """Easting and northing (n, 2) in EPSG:32647, metres."""
    return np.column_stack(_utm().transform(lon, lat))


@cache
def _indian() -> Transformer:
    return Transformer.from_pipeline(TO_INDIAN_1975_UTM_47N)


@cache
def _utm() -> Transformer:
    return Transformer.from_crs("EPSG:4326", "EPSG:32647", always_xy=True)
