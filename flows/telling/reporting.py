"""What Prefect is told of a run: its log, its artifacts, its events. Within a flow run alone.

Our own tables are the truth. So whatever keeps Prefect from hearing of it, is said in the log, and
harms nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prefect import get_run_logger
from prefect.runtime import deployment

from flows.faults import contain, ending
from flows.job import Job, Progress, RefreshResult
from flows.telling import artifacts, told
from flows.telling.events import Fault, Heartbeat, emit, harmless
from geo.values.visible import visible

_LEVELS = {
    "held": logging.WARNING,
    "refused": logging.ERROR,
    "incomplete": logging.WARNING,
    "unreachable": logging.WARNING,
    "fault": logging.ERROR,
}
_COUNTS = ("rows_in", "published", "quarantined", "filtered", "at_area", "repaired")


def run_log(map_id: str) -> Progress:
    """Progress as lines of the flow run's log."""
    logger = get_run_logger()
    return lambda words: logger.info("%s: %s", map_id, visible(words))


@contextmanager
def watched(map_id: str) -> Iterator[None]:
    """A look at a map: what ends it is a `onemap.fault`, and its end a heartbeat if it was due.

    One that somebody started by hand beats no heart: it says nothing of the schedule.
    """
    try:
        yield
    except Exception as error:
        reason = ending(error).reason
        emit([Fault(map_id, None, None, harmless(reason.th), harmless(reason.en))])
        raise
    if deployment.id:
        emit([Heartbeat(map_id)])


def report(job: Job, result: RefreshResult) -> None:
    """Tells Prefect what came of a look: closing lines, closing table, holds, and events."""
    logger = get_run_logger()
    for line, level in closing_lines(job.view.map.id, result):
        logger.log(level, "%s", line)
    came = contain(lambda: _leave(job, result))
    if isinstance(came, Exception):
        logger.warning("Prefect could not be told everything: %s", ending(came).reason.en)


def closing_lines(map_id: str, result: RefreshResult) -> Iterator[tuple[str, int]]:
    """The line of each source, then that of the map, with their levels."""
    for source in result.sources:
        counts = ", ".join(
            f"{name.replace('_', ' ')} {value:,}"
            for name in _COUNTS
            if (value := getattr(source, name)) is not None
        )
        parts = (source.outcome, counts, source.reason)
        line = ": ".join(visible(part) for part in parts if part)
        level = _LEVELS.get(source.outcome, logging.INFO)
        yield f"{map_id}: {source.source_id}: {line}", level
    if result.fault:
        yield f"{map_id}: no release was made: {visible(result.fault)}", logging.ERROR
    else:
        number = f"release {result.release.number}" if result.release else "nothing new"
        yield f"{map_id}: {number}", logging.INFO


def _leave(job: Job, result: RefreshResult) -> None:
    map_id = job.view.map.id
    said = told.said_of(job, result)
    emit([*told.events_of(map_id, result, said), *told.late(job)])
    artifacts.closing_table(map_id, result.sources)
    for source in result.sources:
        written = said.get(source.run_id or 0)
        if source.outcome == "held" and not source.stands and written:
            artifacts.hold(map_id, source, written)
