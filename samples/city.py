"""The sample city's boundaries: 50 districts of true size, each split into its subdistricts.

Districts are the cells of a power diagram of the true centroids with the true areas; the outline
is the smoothed union of the discs that such a diagram has by itself. Subdistricts are cells inside
their district. All edges are noded, cut into short pieces and warped once, and the faces that
they enclose are the subdistricts; districts are unions of these. So neighbours share each vertex.
Coordinates are EPSG:32647 metres on a grid of 1 mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import Geometry, Polygon

from samples import diagram, figures
from samples.warp import Warp

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]

GRID = 0.001  # metres
PIECE = 90.0  # metres between vertices
SMOOTHING = 2200.0  # metres


@dataclass(frozen=True)
class City:
    """Districts and subdistricts in the order of their codes, with polygons in EPSG:32647."""

    districts: tuple[figures.District, ...]
    subdistricts: tuple[figures.Subdistrict, ...]
    district_polygons: Geometries
    subdistrict_polygons: Geometries
    outline: Geometry
    district_of: NDArray[np.int_]  # index of each subdistrict's district


def grow(random: np.random.Generator) -> City:
    """Build the city. The same state of `random` gives the same coordinates."""
    districts, subdistricts = figures.districts(), figures.subdistricts()
    codes = [district.code for district in districts]
    district_of = np.array([codes.index(area.district_code) for area in subdistricts])
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:32647", always_xy=True)
    sites = np.column_stack(to_metres.transform(*figures.centroids(districts).T))
    areas = np.array([district.area_m2 for district in districts])
    warp = Warp.seeded(random)
    plain = _plain_districts(sites, areas, warp)
    inner = [
        _split(cell, [area.name_th for area in subdistricts if area.district_code == code], random)
        for cell, code in zip(plain, codes, strict=True)
    ]
    polygons = _enclose(np.array([cell for cells in inner for cell in cells]), warp)
    by_district = [polygons[district_of == i] for i in range(len(districts))]
    whole = np.array([shapely.coverage_union_all(parts) for parts in by_district], dtype=object)
    return City(
        tuple(districts),
        tuple(subdistricts),
        whole,
        polygons,
        shapely.coverage_union_all(polygons),
        district_of,
    )


def _outline(sites: Floats, areas: Floats) -> Polygon:
    """One smooth polygon of the summed area: the city as its own districts would round it."""
    weights = diagram.fit_weights(sites, areas)
    rings = diagram.discs(sites, weights)
    city = shapely.union_all([shapely.Polygon(ring) for ring in rings])
    for distance in (SMOOTHING, -2 * SMOOTHING, SMOOTHING):
        city = shapely.buffer(city, distance)
    largest = max(shapely.get_parts(city), key=shapely.area)
    city = shapely.simplify(shapely.Polygon(largest.exterior), PIECE / 4)
    return _scaled(city, float(areas.sum() / city.area))


def _scaled(city: Polygon, factor: float) -> Polygon:
    """The same shape about the same centre, with `factor` times its area."""
    centre = np.array(city.centroid.coords[0])
    return shapely.transform(city, lambda points: centre + np.sqrt(factor) * (points - centre))


def _plain_districts(sites: Floats, areas: Floats, warp: Warp) -> Geometries:
    """Straight-edged districts whose areas are right once they are warped."""
    outline = _outline(sites, areas)
    grown = shapely.transform(shapely.segmentize(outline, PIECE), warp).area
    outline = _scaled(outline, float(areas.sum() / grown))
    wanted, weights = areas.copy(), None
    for _ in range(4):
        wanted *= outline.area / wanted.sum()
        weights = diagram.fit_weights(sites, wanted, outline, weights)
        cells = diagram.power_cells(sites, weights, diagram.frame(sites, outline))
        plain = shapely.intersection([cell.polygon() for cell in cells], outline)
        warped = shapely.transform(shapely.segmentize(plain, PIECE), warp)
        wanted *= areas / shapely.area(warped)
    return plain


def _split(cell: Polygon, names: list[str], random: np.random.Generator) -> list[Polygon]:
    """Cut a district into one cell per name, of unlike sizes, placed as the names say."""
    west, south, east, north = cell.bounds
    sites = np.empty((0, 2))
    while len(sites) < len(names):
        tried = random.uniform((west, south), (east, north))
        if shapely.contains_xy(cell, *tried):
            sites = np.vstack([sites, tried])
    for _ in range(6):  # Lloyd's rounds make round cells of one size
        sites = _centres(_cells_within(cell, sites, np.zeros(len(names))))
    sizes = np.exp(random.normal(0, 0.35, len(names)))
    areas = cell.area * sizes / sizes.sum()
    weights = diagram.fit_weights(sites, areas, cell, np.zeros(len(names)), tolerance=0.03)
    parts = _cells_within(cell, sites, weights)
    return [parts[k] for k in _places_of(names, _centres(parts))]


def _cells_within(cell: Polygon, sites: Floats, weights: Floats) -> Geometries:
    cells = diagram.power_cells(sites, weights, diagram.frame(sites, cell))
    return np.array(shapely.intersection([part.polygon() for part in cells], cell))


def _centres(polygons: Geometries) -> Floats:
    return shapely.get_coordinates(shapely.centroid(polygons))


def _places_of(names: list[str], sites: Floats) -> list[int]:
    """Which part gets which name: เหนือ lies north, ใต้ south, ตะวันออก east, ตะวันตก west."""
    compass = {"เหนือ": (0, 1), "ใต้": (0, -1), "ตะวันออก": (1, 0), "ตะวันตก": (-1, 0)}
    free = list(range(len(names)))
    chosen = [-1] * len(names)
    for k, name in enumerate(names):
        for word, direction in compass.items():
            if name.endswith(word):
                chosen[k] = max(free, key=lambda part: float(sites[part] @ np.array(direction)))
                free.remove(chosen[k])
    return [part if part >= 0 else free.pop(0) for part in chosen]


def _enclose(plain: Geometries, warp: Warp) -> Geometries:
    """Node, cut and warp all edges once; the enclosed faces in the order of the plain cells."""
    network = shapely.union_all(shapely.boundary(plain), grid_size=GRID)
    edges = shapely.segmentize(shapely.get_parts(shapely.line_merge(network)), PIECE)
    warped: Geometries = shapely.transform(edges, lambda points: np.round(warp(points), 3))
    faces = shapely.get_parts(shapely.polygonize(warped))
    inside = shapely.get_coordinates(shapely.point_on_surface(plain))
    which, face = shapely.STRtree(faces).query(shapely.points(warp(inside)), "within")
    if list(which) != list(range(len(plain))) or len(set(face)) != len(faces):
        raise ValueError("the warp folds the city; lower warp.STEEPNESS")
    return np.array(faces[face], dtype=object)
