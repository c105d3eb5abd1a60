"""The way of the data, as plain composition:

snapshot -> read -> survey -> stream -> gate -> load   for each source (flows/streaming.py)
unify -> publish                                       for the map (flows/publishing.py)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pyarrow as pa

from flows.ahead import reading_ahead, start
from flows.copying import Copying
from flows.engine import step
from flows.faults import Ending, contain, ending
from flows.job import Job, RefreshResult, SourceOutcome
from flows.judging import Past, judge, past_of
from flows.keeping.in_use import in_use
from flows.opening import prepare
from flows.preflight import require_room
from flows.publishing import finish
from flows.streaming import Declared, stream
from flows.walls import required_walls
from geo.errors import ConfigurationError
from geo.fetching.http import FetchLimits
from geo.snapshot import snapshot
from geo.space.areas import AdminAreas
from geo.standing import deciding, standing
from geo.states import (
    Deciding,
    Outcome,
    RawTable,
    Refusal,
    Snapshot,
    Validated,
    Verdict,
)
from geo.store import lease, runs
from geo.store.boundaries import load_areas
from geo.store.looks import Look, looked
from geo.survey import survey
from schemas.models import Bilingual, Severity, Source


def refresh(job: Job, *, only: Collection[str] | None = None, again: bool = False) -> RefreshResult:
    """Takes in every source of the map, boundaries first, and publishes what changed.

    `only`: ids of the sources to take in. `again`: what stands is read anew all the same. Raises
    ConfigurationError for a source that the map does not have.
    """
    wanted = wanted_sources(job, only)
    prepare(job)

    def is_due(job: Job, source: Source, taken: Snapshot) -> bool:
        return again or standing_outcome(job, source, taken, _deciding(job, source)) is None

    with reading_ahead(job, wanted, is_due) as early:
        outcomes = [ingest(early, source, again=again) for source in wanted]
    return finish(job, outcomes)


def wanted_sources(job: Job, only: Collection[str] | None) -> list[Source]:
    """Sources of the map in load order: all, or these. Raises ConfigurationError for others."""
    known = {source.id: source for source in job.view.sources}
    if only is None:
        return list(known.values())
    if unknown := sorted(set(only) - known.keys()):
        raise ConfigurationError(
            f"map {job.view.map.id} has no source {', '.join(unknown)}; it has {', '.join(known)}"
        )
    return [source for source in known.values() if source.id in only]


def ingest(job: Job, source: Source, *, again: bool = False) -> SourceOutcome:
    """Takes in one source. Whatever happens to it stops no other; a lost database stops all.

    So does a machine without the walls that reading needs: no source can help that. That the source
    was looked at is written down, whatever came of it.
    """
    began, started = datetime.now(UTC), time.monotonic()
    with in_use(job.settings.snapshots):
        taken = contain(lambda: take_snapshot(job, source))
        outcome = (
            bring_in(job, source, taken, again=again)
            if isinstance(taken, Snapshot)
            else _record(job, source, unread(job, source, taken))
        )
    contain(lambda: looked(job.engine, source.id, Look(began, outcome.outcome)))
    return replace(outcome, seconds=time.monotonic() - started)


def unread(job: Job, source: Source, problem: Refusal | Exception) -> Ending:
    """How a try ends that has nothing to read; where nothing came, whether it is late."""
    end = ending(problem)
    if end.outcome != "absent":
        return end
    days = contain(lambda: runs.promised_days(job.engine, source.id))
    if not isinstance(days, int):
        return end
    late = Bilingual(
        th=f"{end.reason.th} เลยกำหนดแล้ว หน่วยงานสัญญาว่าจะปรับปรุงทุก {days} วัน",
        en=f"{end.reason.en}; it is late: new content is promised every {days} days",
    )
    return replace(end, reason=late, evidence={**end.evidence, "late": True})


def take_snapshot(job: Job, source: Source) -> Snapshot | Refusal:
    """The first step: what the source delivers now, kept in the job's store."""
    job.progress(f"{source.id}: snapshot")
    limits = FetchLimits(most_bytes=job.settings.max_delivery)
    store = job.settings.snapshots
    return step(f"snapshot {source.id}", snapshot, source, job.drops, store, limits)


def bring_in(job: Job, source: Source, taken: Snapshot, *, again: bool = False) -> SourceOutcome:
    """From stored bytes to prepared history, unless a decision already covers these bytes.

    `again`: it is done anew all the same.
    """
    came = contain(lambda: _bring_in(job, source, taken, again))
    if isinstance(came, SourceOutcome):
        return came
    return _record(job, source, ending(came, taken), taken)


def _bring_in(job: Job, source: Source, taken: Snapshot, again: bool) -> SourceOutcome:
    known = None if again else standing_outcome(job, source, taken, _deciding(job, source))
    if known:
        return known
    with lease.hold(job.engine, [source.layer], wait_seconds=job.patience) as token:
        # Another run may have done this while we waited.
        known = None if again else standing_outcome(job, source, taken, _deciding(job, source))
        return known or run_once(job, source, taken, token)


def _deciding(job: Job, source: Source) -> Deciding:
    return deciding(job.engine, job.view, source, job.catalogue)


def standing_outcome(
    job: Job, source: Source, taken: Snapshot, now: Deciding
) -> SourceOutcome | None:
    """The outcome that an earlier decision gives these bytes, if it still stands."""
    known = standing(job.engine, source, taken, now)
    if known is None:
        return None
    outcome: Outcome = "unchanged" if known.outcome == "accepted" else known.outcome
    return SourceOutcome(
        *(source.id, source.layer, outcome, known.reason, known.run_id, known.reason_th),
        stands=True,
    )


def run_once(
    job: Job,
    source: Source,
    taken: Snapshot,
    token: UUID,
    decision: runs.Decision | None = None,
) -> SourceOutcome:
    """One run of a source whose layer the caller may write.

    `decision`: a person lets a held run of these bytes through, if they are still what was seen.
    """
    required_walls(job, taken)  # before a run begins: a wall that is missing is no run's fault
    now = _deciding(job, source)
    past = past_of(job, source, taken, now)
    run_id = runs.begin(job.engine, source, taken, now, reread=past.reread)
    came = contain(lambda: _work(job, source, taken, run_id, token, past, decision))
    if isinstance(came, SourceOutcome):
        return replace(came, because=past.because)
    end = ending(came, taken)
    runs.close(job.engine, run_id, end.outcome, end.reason, end.evidence)
    return ended(source, run_id, end, past.because)


def _work(
    job: Job,
    source: Source,
    taken: Snapshot,
    run_id: int,
    token: UUID,
    past: Past,
    decision: runs.Decision | None,
) -> SourceOutcome | Refusal:
    """read -> survey -> stream -> gate -> load."""
    with Copying(job, source, run_id) as copying:
        delivery = understand(job, source, taken, copy=copying.add)
        if isinstance(delivery, Refusal):
            return delivery
        verdict = judge(job, source, delivery, past, decision)
        counted = counts(source, run_id, delivery, verdict)
        if verdict.outcome == "held":
            runs.close_held(job.engine, run_id, delivery, verdict)
            return counted
        require_room(job, delivery)
        job.progress(f"{source.id}: load")
        label = f"load {source.layer} from {source.id}"
        loaded = step(label, copying.load, delivery, verdict, token, decision)
    return replace(counted, added=loaded.added, changed=loaded.changed, removed=loaded.removed)


def understand(
    job: Job,
    source: Source,
    taken: Snapshot,
    areas: Callable[[], AdminAreas | None] | None = None,
    copy: Callable[[pa.Table], None] | None = None,
) -> Validated | Refusal:
    """read -> survey -> stream: what the bytes say now; nothing is written.

    Places are judged within the boundaries that `areas` gives; without it, the database's. `copy`
    gets the accepted rows of each batch as it is judged.
    """
    layer = job.view.layer(source.layer)
    job.progress(f"{source.id}: read")
    raw = step(f"read {source.id}", _read, job, source, taken)
    if isinstance(raw, Refusal):
        return raw
    if job.ahead:
        job.ahead.start_after(source)
    surveyed = step(f"survey {source.id}", survey, raw, source, layer)
    if isinstance(surveyed, Refusal):
        return surveyed
    job.progress(f"{source.id}: normalise and validate {raw.rows.num_rows:,} rows")
    return step(
        f"stream {layer.id} from {source.id}",
        stream,
        surveyed,
        Declared(source, layer, job.view.area, job.catalogue),
        areas() if areas else load_areas(job.engine),
        copy,
    )


def _read(job: Job, source: Source, taken: Snapshot) -> RawTable | Refusal:
    return job.ahead.read(source, taken) if job.ahead else start(job, source, taken).finish()


def _record(job: Job, source: Source, end: Ending, taken: Snapshot | None = None) -> SourceOutcome:
    """Writes a try down that became no run. Where even that fails, the closing table says it."""
    run_id = contain(
        lambda: runs.record(job.engine, source, taken, end.outcome, end.reason, end.evidence)
    )
    number = run_id if isinstance(run_id, int) else None
    return ended(source, number, end)


def ended(
    source: Source, run_id: int | None, end: Ending, because: str | None = None
) -> SourceOutcome:
    """A try that came to no judgement, as it is told."""
    said = (end.outcome, end.reason.en, run_id, end.reason.th)
    return SourceOutcome(source.id, source.layer, *said, because=because)


def counts(
    source: Source, run_id: int | None, delivery: Validated, verdict: Verdict
) -> SourceOutcome:
    """A delivery that was judged, as it is told."""
    reason: Bilingual | None = verdict.reason
    return SourceOutcome(
        source.id,
        source.layer,
        verdict.outcome,
        reason.en if reason else None,
        run_id,
        reason.th if reason else None,
        rows_in=delivery.rows_in,
        published=delivery.accepted.num_rows,
        quarantined=delivery.quarantined.num_rows,
        filtered=delivery.filtered.num_rows,
        at_area=delivery.rows_at_area,
        repaired=delivery.rows_repaired,
        warnings=delivery.issues.counts("severity").get(Severity.warning.value, 0),
    )
