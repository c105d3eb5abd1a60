"""The way of the data, as plain composition:

snapshot -> read -> normalise -> validate -> gate -> load   for each source
unify -> publish                                            for the map (flows/publishing.py)
"""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import UUID

from flows.engine import step
from flows.faults import Ending, contain, ending
from flows.job import Job, RefreshResult, SourceOutcome
from flows.publishing import LEASE_WAIT_SECONDS, finish
from flows.walls import required_walls
from geo.fetching.http import FetchLimits
from geo.gate import gate
from geo.load import load
from geo.normalise import normalise
from geo.read import ReadLimits, read
from geo.snapshot import snapshot
from geo.standing import fingerprint, standing
from geo.states import Outcome, Refusal, Snapshot, Validated, Verdict
from geo.store import lease, runs
from geo.store.boundaries import load_areas
from geo.store.database import connect
from geo.store.declare import prepare as prepare_database
from geo.validate import validate
from schemas.models import Bilingual, Source
from schemas.source_columns import columns_taken


def prepare(job: Job) -> None:
    """Brings the database to the declarations of the map."""
    step(f"prepare {job.view.map.id}", prepare_database, job.engine, job.view)


def refresh(job: Job) -> RefreshResult:
    """Takes in every source of the map, boundaries first, and publishes what changed."""
    prepare(job)
    outcomes = [ingest(job, source) for source in job.view.sources]
    return finish(job, outcomes)


def ingest(job: Job, source: Source) -> SourceOutcome:
    """Takes in one source. Whatever happens to it stops no other; a lost database stops all.

    So does a machine without the walls that reading needs: no source can help that.
    """
    started = time.monotonic()
    taken = contain(lambda: _snapshot(job, source))
    outcome = (
        bring_in(job, source, taken)
        if isinstance(taken, Snapshot)
        else _record(job, source, ending(taken))
    )
    return replace(outcome, seconds=time.monotonic() - started)


def _snapshot(job: Job, source: Source) -> Snapshot | Refusal:
    job.progress(f"{source.id}: snapshot")
    limits = FetchLimits(most_bytes=job.settings.max_delivery)
    store = job.settings.snapshots
    return step(f"snapshot {source.id}", snapshot, source, job.drops, store, limits)


def bring_in(job: Job, source: Source, taken: Snapshot, *, approved: bool = False) -> SourceOutcome:
    """From stored bytes to prepared history, unless a decision already covers these bytes.

    `approved`: a person lets these bytes through, whatever the gate says.
    """
    came = contain(lambda: _bring_in(job, source, taken, approved))
    if isinstance(came, SourceOutcome):
        return came
    return _record(job, source, ending(came, taken), taken)


def _bring_in(job: Job, source: Source, taken: Snapshot, approved: bool) -> SourceOutcome:
    known = None if approved else _standing(job, source, taken)
    if known:
        return known
    with lease.hold(job.engine, [source.layer], wait_seconds=LEASE_WAIT_SECONDS) as token:
        # Another run may have done this while we waited.
        known = None if approved else _standing(job, source, taken)
        return known or _run(job, source, taken, token, approved)


def _standing(job: Job, source: Source, taken: Snapshot) -> SourceOutcome | None:
    """The outcome that an earlier decision gives these bytes, if it still stands."""
    known = standing(job.engine, job.view, source, taken)
    if known is None or known.approved:
        return None
    outcome: Outcome = "unchanged" if known.outcome == "accepted" else known.outcome
    return SourceOutcome(source.id, source.layer, outcome, known.reason, known.run_id)


def _run(job: Job, source: Source, taken: Snapshot, token: UUID, approved: bool) -> SourceOutcome:
    """One run of a source whose layer we may write."""
    earlier = standing(job.engine, job.view, source, taken)
    required_walls(job, taken)  # before a run begins: a wall that is missing is no run's fault
    run_id = runs.begin(job.engine, source, taken, fingerprint(job.engine, job.view, source))
    approved = approved or (earlier is not None and earlier.approved)
    came = contain(lambda: _work(job, source, taken, run_id, token, approved))
    if isinstance(came, SourceOutcome):
        return came
    end = ending(came, taken)
    runs.close(job.engine, run_id, end.outcome, end.reason, end.evidence)
    return SourceOutcome(source.id, source.layer, end.outcome, end.reason.en, run_id)


def _work(
    job: Job, source: Source, taken: Snapshot, run_id: int, token: UUID, approved: bool
) -> SourceOutcome | Refusal:
    """read -> normalise -> validate -> gate -> load."""
    delivery = _judge(job, source, taken)
    if isinstance(delivery, Refusal):
        return delivery
    verdict = _verdict(job, source, delivery, approved=approved)
    if verdict.outcome == "held":
        runs.close_held(job.engine, run_id, delivery, verdict)
    else:
        _load(job, source, run_id, delivery, verdict, token)
    return _counted(source, run_id, delivery, verdict)


def _load(
    job: Job, source: Source, run_id: int, delivery: Validated, verdict: Verdict, token: UUID
) -> None:
    layer = job.view.layer(source.layer)
    job.progress(f"{source.id}: load")
    label = f"load {layer.id} from {source.id}"
    step(label, load, job.engine, run_id, delivery, verdict, source, layer, token)


def _judge(job: Job, source: Source, taken: Snapshot) -> Validated | Refusal:
    """read -> normalise -> validate."""
    layer = job.view.layer(source.layer)
    job.progress(f"{source.id}: read")
    raw = step(
        f"read {source.id}",
        read,
        {file.name: file.path for file in taken.files},
        source.format,
        container_layer=source.container_layer,
        encoding=source.encoding,
        columns_hint=sorted(columns_taken(source) | set(source.unused)),
        limits=ReadLimits.of_delivery(job.settings.max_delivery),
        required_walls=required_walls(job, taken),
    )
    if isinstance(raw, Refusal):
        return raw
    job.progress(f"{source.id}: normalise {raw.table.num_rows:,} rows")
    normalised = step(
        f"normalise {layer.id} from {source.id}",
        normalise,
        raw,
        source,
        layer,
        job.view.area,
        job.catalogue,
    )
    if isinstance(normalised, Refusal):
        return normalised
    job.progress(f"{source.id}: validate")
    return step(
        f"validate {layer.id} from {source.id}",
        validate,
        normalised,
        source,
        layer,
        job.view.area,
        load_areas(job.engine),
        job.catalogue,
    )


def _verdict(job: Job, source: Source, delivery: Validated, *, approved: bool) -> Verdict:
    with connect(job.engine) as connection:
        last = runs.last_accepted(connection, source.id)
    verdict = step(f"gate {source.id}", gate, delivery, job.view.layer(source.layer), last)
    return (
        Verdict("accepted", None, {**verdict.evidence, "approved": True}) if approved else verdict
    )


def _record(job: Job, source: Source, end: Ending, taken: Snapshot | None = None) -> SourceOutcome:
    """Writes a try down that became no run. Where even that fails, the closing table says it."""
    run_id = contain(
        lambda: runs.record(job.engine, source, taken, end.outcome, end.reason, end.evidence)
    )
    number = run_id if isinstance(run_id, int) else None
    return SourceOutcome(source.id, source.layer, end.outcome, end.reason.en, number)


def _counted(source: Source, run_id: int, delivery: Validated, verdict: Verdict) -> SourceOutcome:
    reason: Bilingual | None = verdict.reason
    return SourceOutcome(
        source.id,
        source.layer,
        verdict.outcome,
        reason.en if reason else None,
        run_id,
        rows_in=delivery.rows_in,
        published=delivery.accepted.num_rows,
        quarantined=delivery.quarantined.num_rows,
        filtered=delivery.filtered.num_rows,
        at_area=delivery.rows_at_area,
        repaired=delivery.rows_repaired,
    )
