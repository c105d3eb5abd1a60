"""Places without a position, and anchors for the names of areas.

A place without a position gets no point, anywhere. An area gets an anchor for the label of its
*count*.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from geo.publishing.publication import Publication
from geo.store.blame import Building
from geo.store.database import run
from schemas.models import GeometryKind, Layer, Role

Json = dict[str, Any]

DECIMALS: Final = 7
"""Of degrees: about one centimetre."""

_BOUNDARIES: Final = (Role.district, Role.subdistrict)


def gather_places(connection: Connection, publication: Publication) -> None:
    """Fills the transaction's temporary table that the others read: also of layers whose files are
    those of the release before."""
    for layer in publication.view.layers:
        with Building(layer.id):
            run(
                connection,
                "publish_gather_places",
                layer=layer.id,
                target=publication.number,
                whole=layer.role in _BOUNDARIES or _is_labelled(layer),
            )


def unplaced_places(connection: Connection) -> Json:
    """`areas` with their counts by layer, and `places`, each with the code of its area.

    `label` is longitude and latitude (EPSG:4326) inside the area, null where the map does not hold
    the area's polygon.
    """
    places = [dict(row._mapping) for row in run(connection, "publish_unplaced")]
    counts: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    for place in places:
        counts[place.pop("level"), place["area"]][place["layer"]] += 1
    areas = [
        {
            "code": row.code,
            "level": row.level,
            "name_th": row.name_th,
            "name_en": row.name_en,
            "label": _position(row),
            "counts": dict(sorted(counts[row.level, row.code].items())),
        }
        for row in run(connection, "publish_areas")
    ]
    return {"areas": areas, "places": places}


def label_anchors(connection: Connection, layers: Sequence[Layer]) -> Json:
    """GeoJSON of one point for each area whose layer is labelled."""
    labelled = [layer.id for layer in layers if _is_labelled(layer)]
    features = [
        {
            "type": "Feature",
            "properties": {
                name: row._mapping[name] for name in ("layer", "feature_id", "name_th", "name_en")
            },
            "geometry": {"type": "Point", "coordinates": _position(row)},
        }
        for row in run(connection, "publish_labels", layers=labelled)
    ]
    return {"type": "FeatureCollection", "features": features}


def _is_labelled(layer: Layer) -> bool:
    return layer.style.label and layer.geometry is GeometryKind.polygon


def _position(row: Row[Any]) -> list[float] | None:
    return None if row.lon is None else [round(row.lon, DECIMALS), round(row.lat, DECIMALS)]
