"""Attributes of a shapefile: read as Latin-1, so that nothing is lost, and decoded by the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from geo.reader.delivery import plain
from geo.reader.encoding import UNREADABLE, convert, decide
from geo.reader.names import Oddities, mend_cut

FIELD_NAME_BYTES = 10
SEPARATOR = b"\x00"  # cannot occur: GDAL ends a value at NUL


@dataclass
class Attributes:
    """Columns in the file's order; `names` may repeat."""

    names: list[str]
    columns: list[pa.Array]
    encoding: str
    oddities: Oddities


def decode(table: pa.Table, wanted: str, declared: Sequence[str]) -> Attributes:
    """Decode field names and text columns of a table that was read as ISO-8859-1.

    One encoding is found for the whole file. Values that do not decode hold U+FFFD.
    """
    columns = [plain(column) for column in table.columns]
    raw_names = [name.encode("latin-1", "replace") for name in table.column_names]
    texts = {i: _joined(c) for i, c in enumerate(columns) if pa.types.is_string(c.type) and len(c)}
    telling = [text for text in (*raw_names, *texts.values()) if not text.isascii()]
    encoding = decide(SEPARATOR.join(telling), wanted, cut_at_nul=True)
    cut = 0
    for i, text in texts.items():
        if not text.isascii():
            decoded = convert(text, encoding, cut_at_nul=True)
            cut += decoded.cut_tails
            values = pa.array(decoded.text.split(SEPARATOR.decode()), pa.string())
            columns[i] = pc.if_else(columns[i].is_valid(), values, pa.scalar(None, pa.string()))
    names = [
        convert(name, encoding, cut_at_nul=True).text.replace(UNREADABLE, "") for name in raw_names
    ]
    lengths = [len(name) for name in raw_names]
    names, oddities = mend_cut(names, lengths, FIELD_NAME_BYTES, declared)
    if cut:
        oddities.append(("text_cut", f"{cut} values end in a broken character, which was dropped"))
    return Attributes(names, columns, encoding, oddities)


def _joined(column: pa.Array) -> bytes:
    """The bytes of all values of a Latin-1 column, NUL between them."""
    values = pa.ListArray.from_arrays([0, len(column)], pc.fill_null(column, ""))
    text: str = pc.binary_join(values, SEPARATOR.decode())[0].as_py()
    return text.encode("latin-1")
