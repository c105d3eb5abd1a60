"""The reader of the source that comes next, started while this one is worked on.

Of the time that small sources take, half goes by while a child starts. A child still reads one
delivery: it is started early, and waits with its rows until its source's turn comes. What is
written down, and in which order, is the same; a child whose delivery is another one by then, or is
not asked for, is ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

from flows.faults import contain
from flows.job import Job
from flows.walls import required_walls
from geo.fetching.http import FetchLimits
from geo.read import Reading, ReadLimits, begin
from geo.snapshot import snapshot
from geo.states import RawTable, Refusal, Snapshot
from schemas.models import Source
from schemas.source_columns import columns_taken

IsDue = Callable[[Job, Source, Snapshot], bool]
"""Whether a delivery would be read, were it this source's turn now."""


@contextmanager
def reading_ahead(job: Job, sources: Sequence[Source], is_due: IsDue) -> Iterator[Job]:
    """The job, of which readers are started early, in the order of `sources`."""
    ahead = Ahead(job, sources, is_due)
    try:
        yield replace(job, ahead=ahead)
    finally:
        ahead.close()


def start(job: Job, source: Source, taken: Snapshot) -> Reading:
    """A reader that has begun with a delivery. Raises WallsMissing and ReaderUnsafe."""
    return begin(
        {file.name: file.path for file in taken.files},
        source.format,
        container_layer=source.container_layer,
        encoding=source.encoding,
        columns_hint=sorted(columns_taken(source) | set(source.unused)),
        limits=ReadLimits.of_delivery(job.settings.max_delivery),
        required_walls=required_walls(job, taken),
    )


class Ahead:
    """At most one reader that waits."""

    def __init__(self, job: Job, sources: Sequence[Source], is_due: IsDue) -> None:
        self._job, self._is_due = job, is_due
        self._next = {source.id: following for source, following in pairwise(sources)}
        self._waiting: tuple[Snapshot, Reading] | None = None

    def read(self, source: Source, taken: Snapshot) -> RawTable | Refusal:
        """The rows of a delivery, from the reader that waits with it or from a new one."""
        waiting, self._waiting = self._waiting, None
        if waiting and _is_same(waiting[0], taken):
            return waiting[1].finish()
        if waiting:
            waiting[1].close()
        return start(self._job, source, taken).finish()

    def start_after(self, source: Source) -> None:
        """Starts the reader of the source that follows, if its delivery lies here and is due.

        Whatever is wrong with it is found and told when its turn comes.
        """
        following = self._next.get(source.id)
        if following is None or urlsplit(following.location).scheme in ("http", "https"):
            return
        contain(lambda: self._start(following))

    def _start(self, source: Source) -> None:
        limits = FetchLimits(most_bytes=self._job.settings.max_delivery)
        taken = snapshot(source, self._job.drops, self._job.settings.snapshots, limits)
        if isinstance(taken, Snapshot) and self._is_due(self._job, source, taken):
            self._waiting = taken, start(self._job, source, taken)

    def close(self) -> None:
        """Ends the reader that waits, if there is one."""
        if self._waiting:
            self._waiting[1].close()
        self._waiting = None


def _is_same(one: Snapshot, other: Snapshot) -> bool:
    return (one.source_id, one.sha256) == (other.source_id, other.sha256)
