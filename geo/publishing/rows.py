"""A layer's public rows: out of the database once, and then from a file, batch by batch.

So what is in memory at a time is one batch, however many rows there are; and whoever writes a
product, and whoever reads it again, has the rows as the database gave them.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
from sqlalchemy import Connection

from geo.errors import ReleaseUnverified
from geo.publishing.columns import GEOMETRY, arrow_schema, public_columns, written_names
from geo.publishing.facts import Facts
from geo.store.database import run
from schemas.models import Layer

BATCH_ROWS: Final = 65_536
BATCH_BYTES: Final = 32 << 20
"""Of text from the database: batches of large shapes have fewer rows."""

Buffer: TypeAlias = bytes | bytearray | memoryview

_FEATURE: Final = "GeoJSON"
_PARSED: Final = pyarrow.csv.ParseOptions(
    delimiter="\x01", quote_char="\x02", newlines_in_values=True
)


@dataclass(frozen=True)
class Rows:
    """The public rows of a layer, ordered by `feature_id`, in an Arrow file; `geom` is WKB."""

    layer: Layer
    path: Path
    facts: Facts

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return arrow_schema(self.layer)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows again, all columns of them or those that are named."""
        wanted = [self.schema.get_field_index(name) for name in columns or ()]
        options = pa.ipc.IpcReadOptions(included_fields=sorted(wanted) or None)
        with pa.OSFile(str(self.path)) as file:
            reader = pa.ipc.open_file(file, options=options)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    def reader(self, product: str) -> pa.RecordBatchReader:
        """The rows under the names that their columns have in a format (columns.py: RESERVED)."""
        names = written_names(self.layer, product)
        schema = pa.schema(
            [field.with_name(names.get(field.name, field.name)) for field in self.schema]
        )
        batches = (batch.rename_columns(schema.names) for batch in self.batches())
        return pa.RecordBatchReader.from_batches(schema, batches)


def fetch_rows(
    connection: Connection, layer: Layer, target: int, path: Path, geojson: Path
) -> Rows:
    """Keeps the layer's public rows in release `target` in `path`, and writes them as GeoJSON
    (RFC 7946), which the database makes.

    Raises ReleaseUnverified if the database does not know a column as public that the declaration
    says is.
    """
    schema, facts = arrow_schema(layer), Facts()
    with pa.ipc.new_file(path, schema) as kept, geojson.open("wb") as features:
        features.write(b'{"type":"FeatureCollection","features":[')
        separator = b"\n"
        for rows, lines in _batches(connection, layer, target):
            features.write(separator)
            features.write(lines)
            separator = b",\n"
            kept.write_batch(rows)
            facts.add(rows)
        features.write(b"\n]}\n")
    return Rows(layer, path, facts)


def _batches(
    connection: Connection, layer: Layer, target: int
) -> Iterator[tuple[pa.RecordBatch, pa.Buffer]]:
    """Rows of the declared types, and as GeoJSON features, with a comma and a new line between."""
    schema = arrow_schema(layer)
    statement = run(
        connection,
        "publish_rows",
        layer=layer.id,
        target=target,
        columns=list(public_columns(layer)),
        written=written_names(layer, "geojson"),
    ).scalar_one()
    with _copied(connection, statement) as copied:
        names = bytes(next(copied)).decode().rstrip("\n").split("\x01")
        types = dict(zip(schema.names, schema.types, strict=True))
        if unknown := types.keys() - set(names):
            raise ReleaseUnverified(layer.id, f"the database knows no public {sorted(unknown)}")
        types |= {GEOMETRY: pa.string(), _FEATURE: pa.string()}
        for text in _gathered(copied):
            columns = _parsed(text, names, types)
            lines = _joined(columns.pop(_FEATURE))
            columns[GEOMETRY] = _bytes_of_digits(columns[GEOMETRY])
            yield pa.record_batch(list(columns.values()), schema=schema), lines


def _gathered(lines: Iterable[Buffer]) -> Iterator[bytes]:
    """Lines, one row each, in texts of as many as make a batch."""
    waiting: list[Buffer] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if len(waiting) == BATCH_ROWS or size >= BATCH_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


@contextmanager
def _copied(connection: Connection, statement: str) -> Iterator[Iterator[Buffer]]:
    """What a COPY to us gives: the protocol has each row in a message of its own."""
    session = connection.connection.dbapi_connection
    assert isinstance(session, psycopg.Connection)
    with session.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        yield iter(copy)


def _parsed(text: bytes, names: list[str], types: dict[str, pa.DataType]) -> dict[str, pa.Array]:
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        pyarrow.csv.ReadOptions(column_names=names, block_size=len(text)),
        _PARSED,
        pyarrow.csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    return {name: table[name].combine_chunks() for name in types}


def _bytes_of_digits(texts: pa.StringArray) -> pa.BinaryArray:
    """What hexadecimal digits stand for: all of a column at once."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    data = texts.buffers()[2]
    octets = binascii.unhexlify(data[offsets[0] : offsets[-1]]) if data else b""
    filled = np.packbits(np.asarray(texts.is_valid()), bitorder="little")
    starts = np.ascontiguousarray((offsets - offsets[0]) // 2)
    return pa.Array.from_buffers(
        pa.binary(), len(texts), [pa.py_buffer(filled), pa.py_buffer(starts), pa.py_buffer(octets)]
    )


def _joined(features: pa.StringArray) -> pa.Buffer:
    whole = pa.ListArray.from_arrays(pa.array([0, len(features)], pa.int32()), features)
    return pc.binary_join(whole, ",\n")[0].as_buffer()
