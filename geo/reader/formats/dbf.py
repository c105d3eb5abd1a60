"""Attributes of a shapefile: read as Latin-1, so that nothing is lost, and decoded by the bytes.

One encoding is found for the whole file. So what is read waits on the disk until all of it was
seen, and the memory holds one batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.reader.delivery import plain
from geo.reader.encoding import UNREADABLE, convert, decide_together
from geo.reader.names import Oddities, mend_cut

FIELD_NAME_BYTES = 10
SEPARATOR = b"\x00"  # cannot occur: GDAL ends a value at NUL
_TEXTS_FILE = "texts.bin"


class Attributes:
    """The columns of a shapefile on their way from Latin-1 to text.

    `take` is called for each batch as it is read, then `decide` once, then `decoded` for each batch
    again. `names` may repeat.
    """

    def __init__(self, names: Sequence[str], work: Path) -> None:
        self._raw_names = [name.encode("latin-1", "replace") for name in names]
        self._telling = work / _TEXTS_FILE
        self._lengths: list[int] = []
        self._telling.write_bytes(b"")
        self._note(name for name in self._raw_names)
        self._cut = 0
        self.names: list[str] = []
        self.encoding = "ascii"
        self.oddities: Oddities = []

    def take(self, table: pa.Table) -> list[pa.Array]:
        """The columns of a batch, still in Latin-1; what tells their encoding is noted."""
        columns = [plain(column) for column in table.columns]
        self._note(_joined(column) for column in columns if _beyond_ascii(column))
        return columns

    def decide(self, wanted: str, declared: Sequence[str]) -> None:
        """Find the encoding, and the names of the columns. Raises `Refused`."""
        self.encoding = decide_together(self._texts, wanted, cut_at_nul=True)
        names = [
            convert(name, self.encoding, cut_at_nul=True).text.replace(UNREADABLE, "")
            for name in self._raw_names
        ]
        lengths = [len(name) for name in self._raw_names]
        self.names, self.oddities = mend_cut(names, lengths, FIELD_NAME_BYTES, declared)

    def decoded(self, columns: Iterable[pa.Array]) -> list[pa.Array]:
        """The columns of a batch as text. Values that do not decode hold U+FFFD."""
        return [self._decoded(c) if _beyond_ascii(c) else c for c in columns]

    def cut_tails(self) -> Oddities:
        """What was dropped at the end of values, when all were decoded."""
        if not self._cut:
            return []
        detail = f"{self._cut} values end in a broken character, which was dropped"
        return [("text_cut", detail)]

    def _decoded(self, column: pa.Array) -> pa.Array:
        decoded = convert(_joined(column), self.encoding, cut_at_nul=True)
        self._cut += decoded.cut_tails
        values = _split(decoded.text.encode(), len(column))
        return pc.if_else(column.is_valid(), values, pa.scalar(None, pa.string()))

    def _note(self, texts: Iterable[bytes]) -> None:
        with self._telling.open("ab") as file:
            for text in texts:
                if not text.isascii():
                    file.write(text)
                    self._lengths.append(len(text))

    def _texts(self) -> Iterator[bytes]:
        with self._telling.open("rb") as file:
            for length in self._lengths:
                yield file.read(length)


def _beyond_ascii(column: pa.Array) -> bool:
    if not pa.types.is_string(column.type) or not len(column):
        return False
    content = column.buffers()[2]
    return content is not None and not content.to_pybytes().isascii()


def _joined(column: pa.Array) -> bytes:
    """The bytes of all values of a Latin-1 column, NUL between them."""
    values = pa.ListArray.from_arrays([0, len(column)], pc.fill_null(column, ""))
    text: str = pc.binary_join(values, SEPARATOR.decode())[0].as_py()
    return text.encode("latin-1")


def _split(text: bytes, values: int) -> pa.Array:
    """The values of a text in UTF-8 with NUL between them."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == SEPARATOR[0])
    offsets = np.empty(values + 1, np.int32)
    offsets[0], offsets[1:-1] = 0, ends - np.arange(values - 1)
    offsets[-1] = len(text) - (values - 1)
    content = pa.py_buffer(text.translate(None, SEPARATOR))
    return pa.Array.from_buffers(pa.string(), values, [None, pa.py_buffer(offsets), content])
