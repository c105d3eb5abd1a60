"""Rows that wait on the disk: batches in a file without a name, so that memory holds one of them.

A file without a name goes with the process that has it open, whatever ends that: nothing is left
to sweep after a kill. It is read by batches and never mapped, for mapped pages count as memory.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa

ROWS_PER_BATCH = 65_536
"""The unit of the stream: what is read, worked on and copied at once."""


class Spill:
    """Batches of one schema, written once, and then read as often as is needed."""

    def __init__(self, schema: pa.Schema, folder: Path | None = None) -> None:
        """`folder` is where the file lies (the system's temporary folder)."""
        self.schema = schema
        self.num_rows = self.nbytes = 0
        with tempfile.TemporaryFile(dir=folder) as file:
            descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, descriptor)
        self._path = f"/proc/{os.getpid()}/fd/{descriptor}"
        self._writer = pa.ipc.new_file(pa.OSFile(self._path, "wb"), schema)

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """These rows, set aside."""
        spill = cls(rows.schema)
        spill.add(rows)
        spill.finish()
        return spill

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Appends rows; a table as batches of ROWS_PER_BATCH at the most."""
        if isinstance(batch, pa.Table):
            self._writer.write_table(batch, max_chunksize=ROWS_PER_BATCH)
        else:
            self._writer.write_batch(batch)
        self.num_rows += batch.num_rows
        self.nbytes += batch.nbytes

    def finish(self) -> None:
        """No rows follow; from now on it can be read."""
        self._writer.close()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All batches in the order in which they came; of some columns alone, if they are named."""
        wanted = [self.schema.get_field_index(name) for name in columns or ()]
        options = pa.ipc.IpcReadOptions(included_fields=wanted)
        with pa.OSFile(self._path) as file:
            reader = pa.ipc.open_file(file, options=options)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                yield batch.select(columns) if columns else batch

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows at once, in memory; of some columns alone, if they are named."""
        fields = [self.schema.field(name) for name in columns or self.schema.names]
        return pa.Table.from_batches(self.batches(columns), pa.schema(fields))

    def counts(self, column: str) -> dict[str, int]:
        """How often each text of a column occurs, in the order of first use."""
        counted = Counter[str]()
        for batch in self.batches([column]):
            for entry in batch.column(0).value_counts().to_pylist():
                counted[entry["values"]] += entry["counts"]
        return dict(counted)
