"""The rows of one source as they stand: what its last accepted bytes gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
from sqlalchemy import ARRAY, UUID, Connection, any_, cast, func, inspect, select

from geo.spill import ROWS_PER_BATCH
from geo.store import tables
from geo.store.copying import arrow_type
from schemas.models import Layer, Source

_IDS = ARRAY(UUID(as_uuid=False))


@dataclass(frozen=True)
class Current:
    """Open versions of a source's features.

    `versions` has feature_id and content_hash (binary) of all of them; `rows` gives those of some
    ids whole: as they arrived, with the columns that there are, `geom` as WKB in EPSG:4326.
    """

    versions: pa.Table
    rows: Callable[[pa.Array], pa.Table]


def current(connection: Connection, source: Source, layer: Layer) -> Current:
    """What the map has of a source, as long as the connection is open."""
    return Current(_versions(connection, source, layer), partial(_rows, connection, source, layer))


def _versions(connection: Connection, source: Source, layer: Layer) -> pa.Table:
    """A table that is not there yet has no rows. They come in parts: memory holds what they say."""
    parts = [_of_bytes([], [])]
    if inspect(connection).has_table(layer.id, schema="core"):
        history = tables.history(layer)
        query = select(func.uuid_send(history.c.feature_id), history.c.content_hash).where(
            history.c.source_id == source.id, history.c.release_to.is_(None)
        )
        streamed = connection.execution_options(stream_results=True).execute(query)
        columns = (zip(*rows, strict=True) for rows in streamed.partitions(ROWS_PER_BATCH))
        parts += [_of_bytes(*part) for part in columns]
    return pa.concat_tables(parts)


def _rows(connection: Connection, source: Source, layer: Layer, ids: pa.Array) -> pa.Table:
    """A table that was made for older declarations lacks columns, or is not there yet: then there
    are no rows. Not for a hot path: rows pass through Python.
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
        history.c.source_id == source.id,
        history.c.release_to.is_(None),
        history.c.feature_id == any_(cast([value.hex() for value in ids.to_pylist()], _IDS)),
    )
    columns = list(zip(*connection.execute(query), strict=True)) or [()] * len(names)
    known_schema = pa.schema([schema.field(name) for name in names])
    return pa.table([pa.array(values) for values in columns], names=names).cast(known_schema)


def _of_bytes(ids: Sequence[bytes], hashes: Sequence[bytes]) -> pa.Table:
    columns = (pa.array(ids, pa.binary()), pa.array(hashes, pa.binary()))
    return pa.table(columns, names=["feature_id", "content_hash"])
