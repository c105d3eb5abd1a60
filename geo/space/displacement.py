"""How far shapes lie from where they were."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

_METRES_PER_DEGREE = 111_320.0  # of a great circle; a limit of metres does not need the ellipsoid


def displacement_m(before: Geometries, after: Geometries) -> Floats:
    """Greatest distance of a vertex from the other shape, pair by pair, in metres.

    Shapes are in EPSG:4326, within one city. It is 0 for equal shapes in whatever order they are
    drawn, and infinite where only one of the two is there.
    """
    there, here = ~shapely.is_missing(before), ~shapely.is_missing(after)
    moved = np.where(there == here, 0.0, np.inf)
    both = np.flatnonzero(there & here)
    other = both[~shapely.equals_exact(before[both], after[both], normalize=True)]
    if len(other):
        latitude = float(np.mean(shapely.bounds(before[other])[:, 1]))
        planes = [_plane(shapes[other], latitude) for shapes in (before, after)]
        moved[other] = shapely.hausdorff_distance(*planes)
    return moved


def _plane(shapes: Geometries, latitude: float) -> Geometries:
    scale = np.array([np.cos(np.radians(latitude)), 1.0]) * _METRES_PER_DEGREE
    flat: Geometries = shapely.transform(shapes, lambda coordinates: coordinates * scale)
    return flat
