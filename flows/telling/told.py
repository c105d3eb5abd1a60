"""From what a run came to, to the events that say so; and to Prefect from outside of a flow run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from flows.faults import contain
from flows.job import Job, RefreshResult, SourceOutcome
from flows.serving import require_server
from flows.telling.events import Fault, Held, Late, MapEvent, Published, Refused, emit, harmless
from geo.store import runs
from geo.store.lateness import became_late

Said = Mapping[int, runs.Said]


def tell(job: Job, result: RefreshResult) -> None:
    """Sends the events of a person's decision, where a Prefect server is named and answers.

    Within a flow run `reporting` does it. The decision stands, whether it is heard or not.
    """
    if os.environ.get("PREFECT_API_URL"):
        contain(lambda: _tell(job, result))


def _tell(job: Job, result: RefreshResult) -> None:
    require_server()
    emit(events_of(job.view.map.id, result, said_of(job, result)))


def said_of(job: Job, result: RefreshResult) -> Said:
    """What is written down of the runs of a result."""
    numbers = [source.run_id for source in result.sources if source.run_id is not None]
    return runs.said(job.engine, numbers)


def events_of(map_id: str, result: RefreshResult, said: Said) -> Iterator[MapEvent]:
    """The events of a result; what an earlier run has told is not told again."""
    for source in result.sources:
        if not source.stands:
            yield from _of_source(map_id, source, said)
    if result.fault:
        yield Fault(map_id, None, None, "เผยแพร่ข้อมูลชุดใหม่ไม่ได้", harmless(result.fault))
    if result.release:
        changed = tuple(one.source_id for one in result.sources if one.outcome == "accepted")
        yield Published(map_id, result.release.number, changed)


def _of_source(map_id: str, source: SourceOutcome, said: Said) -> Iterator[MapEvent]:
    number = source.run_id
    written = said.get(number or 0)
    th = harmless(written.reason.th if written else "-")
    en = harmless(written.reason.en if written else source.reason or "-")
    if source.outcome == "held" and number is not None:
        yield Held(map_id, source.source_id, number, th, en)
    elif source.outcome == "refused":
        yield Refused(map_id, source.source_id, number, th, en)
    elif source.outcome == "fault":
        yield Fault(map_id, source.source_id, number, th, en)


def late(job: Job) -> Iterator[Late]:
    """Sources that have become late since this was asked last."""
    for source in became_late(job.engine):
        day = source.last_good_on.isoformat() if source.last_good_on else None
        yield Late(job.view.map.id, source.source_id, source.promised_days, day)
