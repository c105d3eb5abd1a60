"""How far shapes lie from where they were."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import shapely

from geo.space.shapes import Floats, Shapes

_METRES_PER_DEGREE = 111_320.0  # of a great circle; a limit of metres does not need the ellipsoid


def displacement_m(before: Shapes, after: Shapes) -> Floats:
    """Greatest distance of a vertex from the other shape, pair by pair, in metres.

    Shapes are in EPSG:4326, within one city. It is 0 for equal shapes in whatever order they are
    drawn, and infinite where only one of the two is there.
    """
    both = ~(before.missing | after.missing)
    moved = np.where(before.missing == after.missing, 0.0, np.inf)
    other = np.flatnonzero(both & _differ(before, after))
    if len(other):
        there, here = before.take(other), after.take(other)
        scale = _scale(float(np.mean(there.bounds()[:, 1])))
        moved[other] = _distances(there.moved(scale), here.moved(scale))
    return moved


def _differ(before: Shapes, after: Shapes) -> npt.NDArray[np.bool_]:
    """Where two shapes are not the same; two points by their numbers."""
    differ = (before.xy != after.xy).any(axis=1)
    drawn = np.flatnonzero(~(before.is_point & after.is_point))
    there, here = (shapes.take(drawn).geometries() for shapes in (before, after))
    differ[drawn] = ~shapely.equals_exact(there, here, normalize=True)
    return np.asarray(differ)


def _distances(there: Shapes, here: Shapes) -> Floats:
    distances = np.asarray(np.hypot(*(there.xy - here.xy).T))
    drawn = np.flatnonzero(~(there.is_point & here.is_point))
    pair = (shapes.take(drawn).geometries() for shapes in (there, here))
    distances[drawn] = shapely.hausdorff_distance(*pair)
    return distances


def _scale(latitude: float) -> Callable[[Floats], Floats]:
    """Degrees near a latitude -> metres in a plane."""
    metres = np.array([np.cos(np.radians(latitude)), 1.0]) * _METRES_PER_DEGREE
    return lambda xy: xy * metres
