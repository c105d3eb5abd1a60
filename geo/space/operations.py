"""Coordinate reference systems: one pinned operation per source CRS; sole maker of transformers.

Asked for Indian 1975 -> WGS 84, PROJ (and with it pyproj, geopandas, GDAL and PostGIS) chooses
EPSG:1812 by itself, claims 3 m, and is 189 m off at the published control points. So nothing in
One Map asks a library to choose: each CRS met in Thailand has its operation written down here, and
any other CRS is transformed only where PROJ knows an operation that is no guess (no "ballpark").

Everywhere x is longitude or easting and y is latitude or northing, whatever a CRS says of its axes.

Sources of the constants:
  Indian 1975: three parameters of the Royal Thai Survey Department (RTSD), 0.000 m at its published
    control points; accuracy = greatest distance in Thailand to EPSG:1304, fitted at 62 stations.
  Indian 1954: EPSG:1153, 21 m claimed by EPSG.
  Ellipsoid: Everest 1830 (1937 Adjustment), EPSG:7015, `evrst30` in PROJ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyproj
from pyproj.transformer import AreaOfInterest, TransformerGroup

from geo.space.declared_crs import EPSG_1153, RTSD, UnknownCrs, identify
from geo.space.shapes import Shapes

__all__ = [
    "Operation",
    "Position",
    "UnknownCrs",
    "identify",
    "operation_for",
    "position",
    "to_degrees",
    "to_wgs84",
]

Floats = npt.NDArray[np.float64]

TARGET = "EPSG:4326"
_THAILAND = AreaOfInterest(97.3, 5.6, 105.7, 20.5)

_DEGREES = "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
_SHIFT = (
    "+step +proj=push +v_3 +step +proj=cart +ellps=evrst30 "
    "+step +proj=helmert +x={0} +y={1} +z={2} "
    "+step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3"
)
_EXACT = "a conversion of coordinates; the datum is WGS 84 already"


@dataclass(frozen=True)
class Operation:
    """How coordinates of one source CRS become longitude and latitude (EPSG:4326, degrees)."""

    source: str
    name: str
    pipeline: str
    accuracy_m: float
    why: str
    target: str = TARGET


@dataclass(frozen=True)
class Position:
    """One position in EPSG:4326 degrees, with the operation that led there."""

    lon: float
    lat: float
    operation: Operation

    @property
    def accuracy_m(self) -> float:
        """Metres, as the operation states it."""
        return self.operation.accuracy_m


def operation_for(crs: str | pyproj.CRS) -> Operation:
    """The one operation from `crs` (a code, a WKT, a .prj text or a CRS) to EPSG:4326.

    Raises:
        UnknownCrs: the CRS cannot be told, or PROJ knows no operation that is not a guess.
    """
    return _operation(identify(crs))


def to_wgs84(x: Floats, y: Floats, operation: Operation) -> tuple[Floats, Floats]:
    """Flat arrays of x (lon, easting) and y (lat, northing) to (lon, lat) in degrees.

    What is not finite, or lies where the projection is not defined, becomes NaN in both.
    """
    lon, lat = _transformer(operation.pipeline).transform(
        np.array(x, dtype=np.float64), np.array(y, dtype=np.float64), errcheck=False
    )
    lost = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)


def to_degrees(shapes: Shapes, operation: Operation) -> Shapes:
    """New 2D shapes in EPSG:4326; what cannot be transformed holds NaN."""
    return shapes.moved(lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], operation)))


def position(x: float, y: float, crs: str | pyproj.CRS) -> Position:
    """One position; NaN where the projection is not defined.

    Raises:
        UnknownCrs: see `operation_for`.
    """
    operation = operation_for(crs)
    lon, lat = to_wgs84(np.array([x]), np.array([y]), operation)
    return Position(float(lon[0]), float(lat[0]), operation)


@cache
def _transformer(pipeline: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(pipeline)


@cache
def _operation(source: str) -> Operation:
    return _pinned().get(source) or _chosen_by_proj(source)


@cache
def _pinned() -> dict[str, Operation]:
    operations = [
        Operation("EPSG:4326", "none", "+proj=noop", 0.0, _EXACT),
        Operation(
            "EPSG:3857",
            "inverse of Web Mercator",
            f"+proj=pipeline +step +inv +proj=webmerc +ellps=WGS84 {_DEGREES}",
            0.0,
            _EXACT,
        ),
    ]
    for zone in (47, 48):
        utm = f"+proj=pipeline +step +inv +proj=utm +zone={zone} +ellps=WGS84 {_DEGREES}"
        operations.append(Operation(f"EPSG:326{zone}", f"inverse of UTM {zone}N", utm, 0.0, _EXACT))
    for source, start in _everest_starts((4240, 24047, 24048)):
        operations.append(
            Operation(
                source,
                "Indian 1975 to WGS 84, RTSD geocentric translation +204.4798 +837.8940 +294.7765",
                f"+proj=pipeline {start} {_SHIFT.format(*RTSD)} {_DEGREES}",
                3.0,
                "0.000 m at the RTSD control points, where PROJ's own choice (EPSG:1812) is 189 m "
                "off; within 3 m of EPSG:1304 in all of Thailand",
            )
        )
    for source, start in _everest_starts((4239, 23947, 23948)):
        operations.append(
            Operation(
                source,
                "Indian 1954 to WGS 84 (1), EPSG:1153, geocentric translation +217 +823 +299",
                f"+proj=pipeline {start} {_SHIFT.format(*EPSG_1153)} {_DEGREES}",
                21.0,
                "the only published operation for Thailand; EPSG claims 21 m",
            )
        )
    return {operation.source: operation for operation in operations}


def _everest_starts(codes: tuple[int, int, int]) -> list[tuple[str, str]]:
    """First step of a pipeline: degrees, UTM 47N, UTM 48N on Everest 1830 -> radians."""
    steps = (
        "+step +proj=unitconvert +xy_in=deg +xy_out=rad",
        "+step +inv +proj=utm +zone=47 +ellps=evrst30",
        "+step +inv +proj=utm +zone=48 +ellps=evrst30",
    )
    return [(f"EPSG:{code}", step) for code, step in zip(codes, steps, strict=True)]


def _chosen_by_proj(source: str) -> Operation:
    crs = pyproj.CRS.from_user_input(source)
    group = TransformerGroup(
        crs, TARGET, always_xy=True, area_of_interest=_THAILAND, allow_ballpark=False
    )
    if not group.transformers:
        raise UnknownCrs(source, "PROJ knows no operation to WGS 84 in Thailand that is no guess")
    if not group.best_available:
        grids = group.unavailable_operations[0].name
        raise UnknownCrs(source, f"its best operation ({grids}) needs a grid that is not installed")
    best = group.transformers[0]
    if best.accuracy < 0:
        raise UnknownCrs(source, f"nobody states the accuracy of {best.description}")
    return Operation(
        source,
        best.description,
        best.definition,
        best.accuracy,
        "PROJ's best for Thailand, ballpark refused",
    )
