"""Hashes of rows and ids of features, whole columns at a time.

A row is written as netstrings, `name=length:value` for each column that is not null, by order of
name. So no two rows share a text (("a", "bc") is not ("ab", "c"), null is not empty), the order of
columns does not matter, and a new column that is null everywhere changes no hash. The text is
hashed twice by SipHash-2-4 under two keys (pandas' `hash_array`, which then mixes the bits of each
by a step that can be taken back), which makes 128 bits.

Ids are stored: whoever changes how they are made gives every feature another identity. Hashes of
content are stored with the version of this recipe: who changes it raises `HASH_VERSION`, and rows
with an older hash are compared by value when they are loaded (`sql/functions/020_load.sql`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from geo.values.distinct import Column, as_array, as_text

HASH_TYPE = pa.binary(16)

HASH_VERSION = 1
"""Version of the recipe of `content_hashes`; 1 to 255."""

_SIP_KEYS = ("onemap row hash1", "onemap row hash2")  # 16 bytes each; never change them
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 8_192, 1 << 24
_LONG = 1_024
"""Bytes; of shorter values each length is written once."""


def row_hashes(table: pa.Table) -> pa.Array:
    """128-bit hash of each row over all columns of `table`, as fixed_size_binary(16).

    Columns may be text, integers, floats, booleans, dates, timestamps (by their instant) or binary
    (shapes by `Shapes.canonical_wkb`). Floats go by their bits, so by exact value; NaN is null,
    -0.0 is 0.0. A value's type is not part of the hash beyond how it is written: 5 and "5" agree.
    """
    columns = [(name, table.column(name)) for name in sorted(table.column_names)]
    return _fixed(_digests(columns, table.num_rows))


def content_hashes(table: pa.Table) -> pa.Array:
    """`row_hashes` with their version, as binary: 16 bytes in the first version, which said none;
    later ones have a first byte that says it."""
    digests = row_hashes(table)
    if HASH_VERSION == 1:
        return digests.cast(pa.binary())
    return pc.binary_join_element_wise(
        pa.scalar(bytes([HASH_VERSION])), digests.cast(pa.binary()), pa.scalar(b"")
    )


def feature_ids(source_id: str, keys: Sequence[Column]) -> pa.Array:
    """Ids of features from the source and its key columns: UUIDs of version 8, 16 bytes each.

    The same source and the same key give the same id for ever. Keys are compared as text, in the
    order given; nulls are allowed, and a null is not an empty text.
    """
    rows = len(keys[0])
    source = ("source", pa.repeat(pa.scalar(source_id), rows))
    named = [(f"key{position}", as_text(key)) for position, key in enumerate(keys)]
    digests = _digests([source, *named], rows)
    digests[:, 6] = digests[:, 6] & 0x0F | 0x80  # version 8: what the bits mean is ours to say
    digests[:, 8] = digests[:, 8] & 0x3F | 0x80  # variant of RFC 9562
    return _fixed(digests)


def _digests(columns: Sequence[tuple[str, Column]], rows: int) -> npt.NDArray[np.uint8]:
    """(rows, 16) bytes, by so few rows at a time that their text stays small."""
    from pandas.util import hash_array  # half a second, where rows are at work

    digests = np.empty((rows, len(_SIP_KEYS)), dtype="<u8")
    size = sum(column.nbytes for _, column in columns)
    step = min(_ROWS_AT_ONCE, rows * _BYTES_AT_ONCE // max(size, 1) + 1)
    for start in range(0, rows, step):
        some = digests[start : start + step]
        parts = [(name, column.slice(start, step)) for name, column in columns]
        written = _written(parts, len(some)).to_numpy(zero_copy_only=False)
        for half, key in enumerate(_SIP_KEYS):
            some[:, half] = hash_array(written, hash_key=key, categorize=False)
    return digests.view(np.uint8)


def _written(columns: Iterable[tuple[str, Column]], rows: int) -> pa.Array:
    """Rows as unambiguous bytes."""
    netstrings = [pa.repeat(_bytes(b""), rows)]
    for name, column in columns:
        values = _canonical(as_array(column))
        netstrings += [_before(name, values), values]
    return pc.binary_join_element_wise(
        *netstrings, _bytes(b""), null_handling="replace", null_replacement=""
    )


def _before(name: str, values: pa.Array) -> pa.Array:
    """What a netstring has before its value: `name=length:`; null where the value is."""
    lengths = pc.binary_length(values)
    least, longest = pc.min_max(lengths).as_py().values()
    if least == longest and not values.null_count:
        return _bytes(f"{name}={longest}:".encode())
    if (longest or 0) < _LONG:
        return _beginnings(name, 1 << (longest or 0).bit_length()).take(lengths)
    digits = lengths.cast(pa.large_string()).cast(pa.large_binary())
    return pc.binary_join_element_wise(
        _bytes(f"{name}=".encode()), digits, _bytes(b":"), _bytes(b"")
    )


@functools.lru_cache(maxsize=256)
def _beginnings(name: str, lengths: int) -> pa.Array:
    return pa.array([f"{name}={length}:".encode() for length in range(lengths)], pa.large_binary())


def _canonical(column: pa.Array) -> pa.Array:
    """Values as bytes; the text of a type never depends on the version of a library."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _canonical(column.dictionary_decode())
    if pa.types.is_floating(kind):
        exact = pc.add(column.cast(pa.float64()), 0.0)
        column = pc.if_else(pc.is_nan(exact), None, exact).view(pa.int64())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
    elif pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return column.cast(pa.binary()).cast(pa.large_binary())
    return column.cast(pa.large_string()).cast(pa.large_binary())


def _fixed(digests: npt.NDArray[np.uint8]) -> pa.Array:
    buffer = pa.py_buffer(np.ascontiguousarray(digests).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(HASH_TYPE, len(digests), [None, buffer])


def _bytes(value: bytes) -> pa.Scalar:
    return pa.scalar(value, pa.large_binary())
