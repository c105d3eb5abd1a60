"""Staging: rows on their way into history, in tables that nobody else sees.

Temporary tables of a database session of the run's own: they end with the run, however it ends,
are not written to the log, and no other run meets them. A thread copies rows while the next ones
are worked on. What the map already says does not travel: rows are compared as they pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial

import pyarrow as pa
from sqlalchemy import Connection, Engine, Table

from geo.store import tables
from geo.store.background import Background
from geo.store.copying import copy_in
from geo.store.database import run, session
from geo.store.versions import HASH_BYTES, HASH_TYPE, ID_BYTES, ID_TYPE, Versions
from schemas.models import Layer, Source


class Stage:
    """One delivery of a source on its way. Its caller holds the layer's lease from first to last.

    Raises what went wrong in the copying thread at the call after it.
    """

    def __init__(
        self,
        connection: Connection,
        copying: Background[tuple[Table, pa.Table]],
        layer: Layer,
        source: Source,
        run_id: int,
    ) -> None:
        self._connection, self._copying = connection, copying
        self.layer, self.source, self.run_id = layer, source, run_id

    def known(self) -> pa.Table:
        """feature_id and content_hash (17 bytes, with its version before it) of the source's open
        versions, once what an earlier load prepared for the coming release is taken back.
        """
        self._copying.settle()
        with self._connection.begin():
            found = run(
                self._connection, "known_versions", layer=self.layer.id, source=self.source.id
            ).all()
        ids, hashes = (b"".join(row[column] for row in found) for column in (0, 1))
        return pa.table(
            {
                "feature_id": _fixed(ids, ID_TYPE, ID_BYTES),
                "content_hash": _fixed(hashes, HASH_TYPE, HASH_BYTES),
            }
        )

    def add(self, rows: pa.Table) -> None:
        """Takes accepted rows, in any number of parts; those that the map knows stay behind.

        Columns are those of `Validated.accepted`: shapes are WKB of the layer's kind, and the
        database knows their SRID. Returns when the thread has them, which may be before it has
        copied them.
        """
        new = rows.filter(pa.array(~self._versions.unchanged(rows)))
        if new.num_rows:
            self._copying.hand((tables.arriving(self.layer), new))

    @contextmanager
    def settled(self) -> Iterator[Connection]:
        """All that was added is staged, and so are the versions that end: one transaction of the
        stage's session, committed when the block ends well."""
        self._copying.hand((tables.ending(), self._versions.rest()))
        self._copying.settle()
        with self._connection.begin():
            yield self._connection

    @cached_property
    def _versions(self) -> Versions:
        return Versions(self.known())


@contextmanager
def staging(engine: Engine, layer: Layer, source: Source, run_id: int) -> Iterator[Stage]:
    """A stage for one delivery; gone with the block, and nothing of it is left.

    Raises as `connect` does.
    """
    with session(engine) as connection:
        with connection.begin():
            run(connection, "open_stage", layer=layer.id)
        with Background(partial(_copy, connection)) as copying:
            yield Stage(connection, copying, layer, source, run_id)


def _copy(connection: Connection, given: tuple[Table, pa.Table]) -> None:
    with connection.begin():
        copy_in(connection, *given)


def _fixed(content: bytes, kind: pa.DataType, width: int) -> pa.Array:
    buffers = [None, pa.py_buffer(content)]
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(content) // width, buffers)
