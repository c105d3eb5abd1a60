"""The rows of one source as they stand: what its last accepted bytes gave."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import Connection, func, inspect, select

from geo.store import tables
from geo.store.copying import arrow_type
from schemas.models import Layer, Source


def current_rows(connection: Connection, source: Source, layer: Layer) -> pa.Table:
    """Open versions of a source's features, as they arrived: the columns that there are.

    `geom` is WKB in EPSG:4326. A table that was made for older declarations lacks columns, or is
    not there yet: then there are no rows. Not for a hot path: rows pass through Python.
    """
    history, wanted = tables.history(layer), tables.arriving(layer).columns
    schema = pa.schema([(column.name, arrow_type(column)) for column in wanted])
    known = inspect(connection)
    if not known.has_table(layer.id, schema="core"):
        return schema.empty_table()
    found = {column["name"] for column in known.get_columns(layer.id, schema="core")}
    names = [name for name in schema.names if name in found]
    as_bytes = {
        "feature_id": func.uuid_send(history.c.feature_id),
        "geom": func.st_asbinary(history.c.geom),
    }
    query = select(*(as_bytes.get(name, history.c[name]) for name in names)).where(
        history.c.source_id == source.id, history.c.release_to.is_(None)
    )
    columns = list(zip(*connection.execute(query), strict=True)) or [()] * len(names)
    known_schema = pa.schema([schema.field(name) for name in names])
    return pa.table([pa.array(values) for values in columns], names=names).cast(known_schema)
