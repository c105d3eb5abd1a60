"""How large a tile may be, and what of a layer it tells by counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.models import GeometryKind, Layer, Role

BUDGET: Final = 500_000
"""Bytes of a packed tile: of a layer's, and of the whole map's."""
CROWDED: Final[Mapping[GeometryKind, int]] = {
    GeometryKind.point: 64_000,
    GeometryKind.line: 128_000,
    GeometryKind.polygon: 128_000,
}
"""Bytes of a layer's tile before its last zoom: some 1,500 points, on a square of 512 pixels. More
are no picture, and a view has half a dozen tiles. Boundaries are never a crowd."""
LISTED: Final = 50
"""Of the places on one spot, so many are named in the tile."""
DEEPEST: Final = 14
"""Zoom of which 4096 units to a tile are the database's units of place."""


@dataclass(frozen=True)
class Account:
    """What became at a zoom of the features that have a position: how many are drawn, each as
    itself, and how many are told by counts. There is no third.
    """

    drawn: int
    counted: int


def budget_of(layer: Layer, zoom: int) -> int:
    """Bytes of a packed tile that draws the layer's features."""
    is_boundary = layer.role in (Role.district, Role.subdistrict)
    is_last = zoom == layer.style.max_zoom
    return BUDGET if is_boundary or is_last else min(BUDGET, CROWDED[layer.geometry])


def counts_of(layer_id: str) -> str:
    """Name of the source layer that tells how many features of a layer lie where."""
    return f"{layer_id}_count"


def cell_bits(layer: Layer, zoom: int) -> int:
    """How many bits a unit's place within its cell has: a tile has 16 by 16 cells, and 64 by 64 on
    the last zoom, which viewers enlarge.
    """
    return 6 if zoom == layer.style.max_zoom else 8


def is_heaped(layer: Layer, zoom: int) -> bool:
    """Whether features on one spot are one feature of a tile, with their count and a list."""
    return layer.geometry is GeometryKind.point and zoom == layer.style.max_zoom
