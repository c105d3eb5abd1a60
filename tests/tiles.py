"""Tiles cost as much as all else of a small map: for tests that look at none, few are made."""

from __future__ import annotations

from dataclasses import replace

from schemas.catalogue import MapView
from schemas.models import Layer, Style

ZOOMS = (8, 9)


def shallow(view: MapView) -> MapView:
    """The same map, with tiles of two zooms alone."""
    return replace(view, layers=tuple(map(_shallow, view.layers)))


def _shallow(layer: Layer) -> Layer:
    zooms = dict(zip(("min_zoom", "max_zoom"), ZOOMS, strict=True))
    style = Style.model_validate(layer.style.model_dump() | zooms)
    return layer.model_copy(update={"style": style})
