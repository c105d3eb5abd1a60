"""The tables that Python writes, as SQLAlchemy and GeoAlchemy2 know them.

The database is made by `sql/`; a test proves that these are equal to it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger as BigInt
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.types import TypeEngine

from schemas.models import ColumnType, GeometryKind, Layer

metadata = MetaData(schema="meta")

the_map = Table(
    "map",
    metadata,
    Column("map_id", Text, primary_key=True),
    Column("title_th", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("notice_th", Text),
    Column("notice_en", Text),
    Column("sample", Boolean, nullable=False),
    Column("west", Double, nullable=False),
    Column("south", Double, nullable=False),
    Column("east", Double, nullable=False),
    Column("north", Double, nullable=False),
    Column("setup_sha256", Text, nullable=False),
)

agency = Table(
    "agency",
    metadata,
    Column("agency_id", Text, primary_key=True),
    Column("title_th", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("licence_th", Text, nullable=False),
    Column("licence_en", Text, nullable=False),
    Column("url", Text),
    Column("contact_role_th", Text, nullable=False),
    Column("contact_role_en", Text, nullable=False),
)

layer = Table(
    "layer",
    metadata,
    Column("layer_id", Text, primary_key=True),
    Column("title_th", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("description_th", Text, nullable=False),
    Column("description_en", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("style", JSONB, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("declared", Boolean, nullable=False),
)

layer_column = Table(
    "layer_column",
    metadata,
    Column("layer_id", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("title_th", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("description_th", Text),
    Column("description_en", Text),
    Column("unit", Text),
    Column("privacy", Text, nullable=False),
    Column("in_tiles", Boolean, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("layer_id", Text, nullable=False),
    Column("agency_id", Text, nullable=False),
    Column("title_th", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("as_of", Date),
    Column("promise_days", Integer),
    Column("declared", Boolean, nullable=False),
    Column("looked_at", DateTime(timezone=True)),
    Column("looked_outcome", Text),
    Column("late_told_at", DateTime(timezone=True)),
)

run = Table(
    "run",
    metadata,
    Column("run_id", Integer, Identity(always=True), primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("layer_id", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("reason_th", Text),
    Column("evidence", JSONB, nullable=False),
    Column("snapshot_sha256", Text),
    Column("fetched_at", DateTime(timezone=True)),
    Column("declaration_sha256", Text),
    Column("lineage", JSONB, nullable=False),
    Column("target_release", Integer),
    Column("rows_in", Integer),
    Column("rows_published", Integer),
    Column("rows_quarantined", Integer),
    Column("rows_filtered", Integer),
    Column("rows_at_area", Integer),
    Column("rows_repaired", Integer),
    Column("features_added", Integer),
    Column("features_changed", Integer),
    Column("features_removed", Integer),
    Column("decided_by", Text),
    Column("decided_reason", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("deciding", JSONB, nullable=False),
    Column("reread", Boolean, nullable=False),
    Column("upgrade_id", Integer),
    Column("ended_release", Integer),
    Column("details_pruned_at", DateTime(timezone=True)),
    Column("snapshot_pruned_at", DateTime(timezone=True)),
)

issue = Table(
    "issue",
    metadata,
    Column("run_id", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("responsible", Text, nullable=False),
    Column("source_row", Integer),
    Column("column_name", Text),
    Column("value", Text),
    Column("message_th", Text, nullable=False),
    Column("message_en", Text, nullable=False),
)

quarantined_row = Table(
    "quarantined_row",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("source_row", Integer, primary_key=True),
    Column("codes", ARRAY(Text), nullable=False),
    Column("raw", JSONB, nullable=False),
)

filtered_row = Table(
    "filtered_row",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("source_row", Integer, primary_key=True),
    Column("reason_th", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
)

_COLUMN_TYPES: dict[ColumnType, type[TypeEngine[Any]]] = {
    ColumnType.integer: BigInt,
    ColumnType.number: Double,
    ColumnType.boolean: Boolean,
    ColumnType.date: Date,
    ColumnType.year: Integer,
}

_GEOMETRY_TYPES = {
    GeometryKind.point: "POINT",
    GeometryKind.line: "MULTILINESTRING",
    GeometryKind.polygon: "MULTIPOLYGON",
}


def history(declared: Layer) -> Table:
    """`core.<layer>`: every version of every feature of a layer, by release."""
    from geoalchemy2 import Geometry  # it makes 400 functions of PostGIS when it is imported

    return Table(
        declared.id,
        MetaData(schema="core"),
        Column("feature_id", Uuid, nullable=False),
        Column("source_id", Text, nullable=False),
        Column("source_key", Text, nullable=False),
        Column("source_row", Integer, nullable=False),
        Column("run_id", Integer, nullable=False),
        Column("content_hash", BYTEA, nullable=False),
        Column("claimed_district_code", Text),
        Column("claimed_subdistrict_code", Text),
        Column("district_code", Text),
        Column("subdistrict_code", Text),
        Column("location_precision", Text, nullable=False),
        Column("geom", Geometry(_GEOMETRY_TYPES[declared.geometry], srid=4326)),
        Column("release_from", Integer, nullable=False),
        Column("release_to", Integer),
        *_declared_columns(declared),
    )


def arriving(declared: Layer) -> Table:
    """Rows of a delivery on their way into `core.<layer>`, with its columns; of one session."""
    return Table(
        "arriving",
        MetaData(schema="pg_temp"),
        *(
            Column(column.name, column.type, nullable=column.nullable)
            for column in history(declared).columns
            if column.name not in _OF_THE_LOAD
        ),
    )


_OF_THE_LOAD = ("source_id", "run_id", "release_from", "release_to")
"""Columns of a history that are the same for all rows of a load."""


def ending() -> Table:
    """Versions that end with a delivery; of one session."""
    return Table("ending", MetaData(schema="pg_temp"), Column("feature_id", Uuid, nullable=False))


def placed() -> Table:
    """Features that get the codes of other areas than they have; of one transaction."""
    return Table(
        "placed",
        MetaData(schema="pg_temp"),
        Column("feature_id", Uuid, nullable=False),
        Column("release_from", Integer, nullable=False),
        Column("district_code", Text),
        Column("subdistrict_code", Text),
    )


def _declared_columns(declared: Layer) -> list[Column[Any]]:
    return [
        Column(name, _COLUMN_TYPES.get(column.type, Text))
        for name, column in declared.columns.items()
    ]
