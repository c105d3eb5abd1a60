"""How large a tile may be, and what of a layer it tells by counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.models import GeometryKind, Layer

BUDGET: Final = 500_000
"""Bytes of a packed tile: of a layer's, and of the whole map's."""
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
