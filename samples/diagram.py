"""Power (Laguerre) diagrams in the plane, and the weights that give each cell a wanted area.

A cell is where |p - site|^2 - weight is smallest. How an area answers to the weights is known in
closed form (the length of a shared edge over twice the distance of its sites), so Newton's method
finds the weights (Kitagawa, Merigot & Thibert 2019). All lengths in metres.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from shapely import Polygon

Floats = NDArray[np.float64]
OUTSIDE = -1


class Cell:
    """A convex polygon whose edges know which site lies beyond them (`OUTSIDE` for none)."""

    def __init__(self, corners: Floats) -> None:
        self.corners = corners
        self.beyond = np.full(len(corners), OUTSIDE)  # edge k runs from corner k to corner k + 1

    def clip(self, normal: Floats, reach: float, site: int) -> None:
        """Keep the side where corner . normal <= reach; the new edge looks at `site`."""
        signed = self.corners @ normal - reach
        inside = signed <= 0
        if inside.all():
            return
        corners, beyond = [], []
        for k in range(len(signed)):
            following = (k + 1) % len(signed)
            if inside[k]:
                corners.append(self.corners[k])
                beyond.append(self.beyond[k])
            if inside[k] != inside[following]:
                share = signed[k] / (signed[k] - signed[following])
                crossing = self.corners[k] + share * (self.corners[following] - self.corners[k])
                corners.append(crossing)
                beyond.append(site if inside[k] else self.beyond[k])
        self.corners = np.array(corners).reshape(-1, 2)
        self.beyond = np.array(beyond, dtype=int)

    def polygon(self) -> Polygon:
        """The cell as a shapely polygon, empty where the site has no cell."""
        return shapely.Polygon(self.corners if len(self.corners) > 2 else None)

    def edges(self) -> tuple[NDArray[np.int_], NDArray[np.object_]]:
        """The sites beyond, and the edges towards them as lines."""
        following = np.roll(self.corners, -1, axis=0)
        shared = self.beyond != OUTSIDE
        lines = shapely.linestrings(np.stack([self.corners, following], axis=1)[shared])
        return self.beyond[shared], lines


def neighbours(sites: Floats, weights: Floats) -> list[list[int]]:
    """Who may border whom: the edges of the regular triangulation (a hull one dimension up)."""
    count = len(sites)
    if count <= 4:
        return [[j for j in range(count) if j != i] for i in range(count)]
    flat = sites - sites.mean(axis=0)
    hull = ConvexHull(np.column_stack([flat, (flat**2).sum(axis=1) - weights]))
    found: list[set[int]] = [set() for _ in range(count)]
    for corners, equation in zip(hull.simplices, hull.equations, strict=True):
        if equation[2] < 0:  # the lower side of the hull
            for site in corners:
                found[site].update(int(other) for other in corners if other != site)
    return [sorted(others) for others in found]


def power_cells(sites: Floats, weights: Floats, starts: list[Floats]) -> list[Cell]:
    """The cell of each site within its convex start, an (m, 2) ring of corners without a close."""
    cells = []
    for i, others in enumerate(neighbours(sites, weights)):
        cell = Cell(starts[i])
        for j in others:
            towards = sites[j] - sites[i]
            distance = float(np.hypot(*towards))
            reach = (distance**2 + weights[i] - weights[j]) / (2 * distance)
            normal = towards / distance
            cell.clip(normal, float(sites[i] @ normal) + reach, j)
        cells.append(cell)
    return cells


def discs(sites: Floats, weights: Floats) -> list[Floats]:
    """Round starts: around each site the disc in which |p - site|^2 < weight."""
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    radii = np.sqrt(np.maximum(weights, 1.0))
    return [site + radius * circle for site, radius in zip(sites, radii, strict=True)]


def frame(sites: Floats, around: Polygon) -> list[Floats]:
    """Square starts: one large rectangle around a geometry, for every site."""
    west, south, east, north = np.array(around.bounds) + np.array([-1, -1, 1, 1]) * 1000
    ring = np.array([(west, south), (east, south), (east, north), (west, north)])
    return [ring] * len(sites)


def fit_weights(
    sites: Floats,
    areas: Floats,
    within: Polygon | None = None,
    weights: Floats | None = None,
    *,
    tolerance: float = 1e-4,
    rounds: int = 60,
) -> Floats:
    """Weights with which each cell has its wanted area (m2), to `tolerance` of it.

    Without `within` the cells end at their own discs, and the city's outline is the union of
    those; with it, `areas` must add up to its area.
    """
    weights = areas / np.pi if weights is None else weights
    for _ in range(rounds):
        starts = discs(sites, weights) if within is None else frame(sites, within)
        cells = power_cells(sites, weights, starts)
        polygons = np.array([cell.polygon() for cell in cells])
        if within is not None:
            polygons = shapely.intersection(polygons, within)
        missing = areas - shapely.area(polygons)
        if np.abs(missing / areas).max() < tolerance:
            break
        step = np.linalg.solve(_response(sites, weights, cells, within), missing)
        limit = 0.4 * areas / np.pi  # a site must not swallow its neighbour in one step
        weights = weights + np.clip(step, -limit, limit)
    return weights


def _response(sites: Floats, weights: Floats, cells: list[Cell], within: Polygon | None) -> Floats:
    """How the areas change with the weights (m2 per m2), as a square matrix."""
    response = np.zeros((len(sites), len(sites)))
    for i, cell in enumerate(cells):
        others, lines = cell.edges()
        if within is not None:
            lines = shapely.intersection(lines, within)
        gain = shapely.length(lines) / (2 * np.hypot(*(sites[others] - sites[i]).T))
        response[i, others] -= gain
        response[i, i] += gain.sum()
        if within is None:  # the arc of the disc grows as well
            arc = shapely.length(cell.polygon().exterior) - shapely.length(lines).sum()
            response[i, i] += arc / (2 * np.sqrt(max(weights[i], 1.0)))
    return response + np.eye(len(sites)) * 1e-3
