"""Whole columns into PostgreSQL by binary COPY, encoded by pgpq from Arrow."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from pgpq.encoders import LargeStringEncoderBuilder
from pgpq.schema import Jsonb
from psycopg import sql
from sqlalchemy import Column, Connection, Table

from geo.values.storable_columns import storable_column

_ROWS_PER_BATCH, _BYTES_PER_BATCH = 65_536, 1 << 24

_ARROW_TYPES: dict[str, pa.DataType] = {
    "Text": pa.string(),
    "Integer": pa.int32(),
    "BigInteger": pa.int64(),
    "Double": pa.float64(),
    "Boolean": pa.bool_(),
    "Date": pa.date32(),
    "BYTEA": pa.binary(),
    "Uuid": pa.binary(16),
    "Geometry": pa.binary(),
    "ARRAY": pa.list_(pa.string()),
    "JSONB": pa.large_string(),
}
"""By the name of SQLAlchemy's (or GeoAlchemy2's) class."""


def arrow_type(column: Column[Any]) -> pa.DataType:
    """The Arrow type of a table's column."""
    return _ARROW_TYPES[type(column.type).__name__]


def copy_in(connection: Connection, target: Table, rows: pa.Table) -> None:
    """Appends `rows` to `target`, inside the connection's transaction.

    Columns are matched by name; those of the table that `rows` lacks keep their default. Types are
    those of the SQLAlchemy table: bytes stay bytes, a UUID is its 16 bytes, a geometry its EWKB,
    JSON its text. What no text of PostgreSQL holds is escaped.
    """
    columns = [column for column in target.columns if column.name in rows.column_names]
    schema = pa.schema([(column.name, arrow_type(column)) for column in columns])
    typed = _storable(rows.select(schema.names).cast(schema))
    batches = typed.to_batches(max_chunksize=_step(typed))
    encoder = _encoder(schema)
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(str(target.schema), target.name),
        sql.SQL(", ").join(sql.Identifier(name) for name in schema.names),
    )
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            copy.write(encoder.write_header())
            for batch in batches:
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())
    finally:
        cursor.close()


def _step(rows: pa.Table) -> int:
    """Rows that are encoded at a time: fewer where they are large."""
    affordable = int(rows.num_rows * _BYTES_PER_BATCH // max(rows.nbytes, 1))
    return min(_ROWS_PER_BATCH, affordable + 1)


def _storable(rows: pa.Table) -> pa.Table:
    for index, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            rows = rows.set_column(index, field, storable_column(rows[field.name]))
    return rows


def _encoder(schema: pa.Schema) -> ArrowToPostgresBinaryEncoder:
    builders = {
        field.name: LargeStringEncoderBuilder.new_with_output(field, Jsonb())
        if pa.types.is_large_string(field.type)
        else ArrowToPostgresBinaryEncoder.infer_encoder(field)
        for field in schema
    }
    return ArrowToPostgresBinaryEncoder.new_with_encoders(schema, builders)
