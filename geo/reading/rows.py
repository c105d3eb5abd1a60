"""The Arrow rows that a child hands over, taken only if they are plain.

A child that was taken over may write anything. So columns have one of the few types that were asked
for, nothing is compressed, nested or encoded by a dictionary, every offset is followed, and what is
read is no larger than what was written.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

MOST_BATCHES = 100_000
Wanted = Sequence[tuple[str, Collection[pa.DataType]]]
"""Columns in their order: name, and the types that it may have."""

_HEADER, _COMPRESSION = 2, 3
"""Numbers of fields: of a Message, and of a RecordBatch (Arrow's Message.fbs)."""


class NotPlain(ValueError):
    """The bytes are no table of the wanted kind; the text says why."""


def read(buffer: pa.Buffer, wanted: Wanted) -> pa.Table:
    """The table of an Arrow stream that has exactly the columns `wanted`. Raises NotPlain.

    It lies in `buffer`: nothing is copied.
    """
    schema, batches = stream(pa.BufferReader(buffer))
    require_columns(schema, wanted)
    return pa.Table.from_batches(batches, schema)


def stream(source: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of an Arrow stream, and its batches as they come. Both raise NotPlain.

    `source` is a file of Arrow or of Python; of the batches, one is held at a time.
    """
    with _plainly():
        messages = pa.ipc.MessageReader.open_stream(source)
        first = messages.read_next_message()
        if first.type != "schema":
            raise NotPlain("it does not begin with its columns")
        schema = pa.ipc.read_schema(first).remove_metadata()
    return schema, _batches(messages, schema)


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except StopIteration:
        raise NotPlain("there are no columns") from None
    except (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError, struct.error) as error:
        raise NotPlain(str(error)) from error


def require_columns(schema: pa.Schema, wanted: Wanted) -> None:
    """Raises NotPlain for other columns than these, or others of their types."""
    if schema.names != [name for name, _ in wanted]:
        raise NotPlain("its columns are not those of the report")
    for kind, (name, allowed) in zip(schema.types, wanted, strict=True):
        if kind not in allowed:
            raise NotPlain(f"column {name} has the type {kind}")


def _batches(messages: pa.ipc.MessageReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for _ in range(MOST_BATCHES):
        with _plainly():
            batch = _next(messages, schema)
        if batch is None:
            return
        yield batch
    raise NotPlain("it has too many parts")


def _next(messages: pa.ipc.MessageReader, schema: pa.Schema) -> pa.RecordBatch | None:
    try:
        message = messages.read_next_message()
    except StopIteration:
        return None
    if message.type != "record batch" or _is_compressed(message.metadata):
        raise NotPlain(f"it has a compressed batch, or a {message.type}")
    batch = pa.ipc.read_record_batch(message, schema)
    batch.validate(full=True)
    if batch.nbytes > message.body.size:
        raise NotPlain("it is larger when read than as it was written")
    return batch


def _is_compressed(metadata: pa.Buffer) -> bool:
    """Whether a message's RecordBatch names a compression; pyarrow tells only by decompressing."""
    (root,) = struct.unpack_from("<I", metadata, 0)
    at = root + _field(metadata, root, _HEADER)
    (header,) = struct.unpack_from("<I", metadata, at)
    return _field(metadata, at + header, _COMPRESSION) != 0


def _field(flatbuffer: pa.Buffer, table: int, number: int) -> int:
    """Where a field lies within its table of a FlatBuffer; 0 if it is absent."""
    (back,) = struct.unpack_from("<i", flatbuffer, table)
    slots = table - back
    (size,) = struct.unpack_from("<H", flatbuffer, slots)
    slot = 4 + 2 * number
    return int(struct.unpack_from("<H", flatbuffer, slots + slot)[0]) if slot < size else 0
