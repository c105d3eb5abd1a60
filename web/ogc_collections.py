"""Layers as tipg collections, made from the manifest instead of tipg's look through the catalogue.

tipg finds tables with functions that it creates in pg_temp on every connection. A role that may
not create anything cannot use them, they would offer views that are no layers (and functions), and
guess a key for a view. Here a collection is a layer: its id is the layer id, its key the feature
id, its extent the release's, and there are no functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sql import statement
from web.database import Snapshots
from web.releases import Release

if TYPE_CHECKING:  # tipg reads the environment when it is imported
    from tipg.collections import PgCollection

SCHEMA: Final = "web"
SQL_TYPES: Final = {
    "integer": "bigint",
    "year": "integer",
    "number": "float8",
    "boolean": "boolean",
    "date": "date",
}
STANDARD_COLUMNS: Final = (
    ("feature_id", "uuid"),
    ("district_code", "text"),
    ("subdistrict_code", "text"),
    ("location_precision", "text"),
    ("source_id", "text"),
)
GEOMETRY_TYPES: Final = {
    "point": "Point",
    "line": "MultiLineString",
    "polygon": "MultiPolygon",
}


class CollectionsOf:
    """The collections of a release, by layer id; read once per release."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._tag: str | None = None
        self._collections: dict[str, PgCollection] = {}

    async def __call__(self, release: Release) -> dict[str, PgCollection]:
        """Collections in the manifest's order. First read, raises DatabaseAway or ReleaseMoved."""
        if self._tag != release.tag:
            async with self._snapshots.acquire(release.number) as connection:
                rows = await connection.fetch(statement("web_layers"))
            words = {row["layer_id"]: row for row in rows}
            self._collections = {
                name: _collection(layer, words.get(name, {}))
                for name, layer in release.layers.items()
            }
            self._tag = release.tag
        return self._collections


def _collection(layer: Mapping[str, Any], words: Mapping[str, Any]) -> PgCollection:
    from tipg.collections import Column

    from web.ogc_layer import LayerCollection

    declared = [
        (column["name"], SQL_TYPES.get(column["type"], "text"), column["title"])
        for column in layer["columns"]
    ]
    standard = [(name, kind, None) for name, kind in STANDARD_COLUMNS]
    known = {name for name, _, _ in declared}
    columns = [
        Column(name=name, type=kind, description=_both(title))
        for name, kind, title in [
            *declared,
            *(row for row in standard if row[0] not in known),
        ]
    ]
    geometry = Column(
        name="geom",
        type="geometry",
        geometry_type=GEOMETRY_TYPES[layer["geometry"]],
        srid=4326,
        bounds=layer["bounds"] or [-180, -90, 180, 90],
    )
    return LayerCollection(
        features_in_all=layer["features"],
        type="Table",
        id=layer["id"],
        table=layer["id"],
        schema=SCHEMA,
        title=_both(layer["title"]),
        description=_both({"th": words.get("description_th"), "en": words.get("description_en")}),
        table_columns=[*columns, geometry],
        properties=[*columns, geometry],
        id_column=next(column for column in columns if column.name == "feature_id"),
        datetime_column=next((column for column in columns if column.is_datetime), None),
        geometry_column=geometry,
    )


def _both(text: Mapping[str, Any] | None) -> str | None:
    """Thai and English in one text: OGC API collections have one title."""
    return " / ".join(part for part in (text or {}).values() if part) or None
