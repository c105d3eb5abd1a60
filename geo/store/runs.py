"""The register of runs: each try to bring a source in, how it ended, and who decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from sqlalchemy import Connection, Engine

from geo.errors import ConfigurationError, UnknownRun
from geo.states import (
    Accepted,
    Deciding,
    Outcome,
    Rejection,
    Snapshot,
    Validated,
    Verdict,
)
from geo.store import tables
from geo.store.copying import copy_in
from geo.store.database import connect, run, transaction
from schemas.models import Bilingual, Source


@dataclass(frozen=True)
class Earlier:
    """How the same bytes ended before, with nothing that decides changed since."""

    run_id: int
    outcome: Literal["accepted", "held", "rejected"]
    reason: str | None
    reason_th: str | None


@dataclass(frozen=True)
class Hold:
    """A delivery that waits for a person."""

    run_id: int
    source_id: str
    layer_id: str
    snapshot_sha256: str
    started_at: datetime
    reason: str
    reason_th: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """A person's word on a held run; one of an upgrade covers several.

    Raises ConfigurationError without a name or a reason.
    """

    run_id: int
    by: str
    reason: str
    upgrade_id: int | None = None

    def __post_init__(self) -> None:
        require_words(self.by, self.reason)


@dataclass(frozen=True)
class Said:
    """What is written down of how a run ended."""

    reason: Bilingual
    evidence: Mapping[str, Any]


def require_words(by: str, reason: str) -> None:
    """Raises ConfigurationError if who decides is not said, or why."""
    if not by.strip() or not reason.strip():
        raise ConfigurationError("a decision has a name and a reason: --by NAME --reason TEXT")


def earlier(
    connection: Connection, source_id: str, snapshot_sha256: str, fingerprint: str
) -> Earlier | None:
    """The decision that already covers these bytes, if there is one.

    It is the source's latest accepted run, or a hold or a rejection that came after it.
    """
    row = run(
        connection,
        "run_earlier",
        source=source_id,
        snapshot=snapshot_sha256,
        declaration=fingerprint,
    ).one_or_none()
    return Earlier(**row._mapping) if row else None


def decided_under(connection: Connection, source_id: str, snapshot_sha256: str) -> Deciding | None:
    """What decided of these bytes when they were last judged; None if they never were."""
    row = run(connection, "run_deciding", source=source_id, snapshot=snapshot_sha256).one_or_none()
    return Deciding(row.deciding or {}) if row else None


def rejection(connection: Connection, source_id: str, snapshot_sha256: str) -> Rejection | None:
    """The person's word that turned these bytes away, if nobody let them through since."""
    row = run(connection, "run_rejection", source=source_id, snapshot=snapshot_sha256).one_or_none()
    if row is None:
        return None
    return Rejection(row.run_id, row.decided_by, row.decided_reason, row.decided_at)


def last_accepted(connection: Connection, source_id: str) -> Accepted | None:
    """What the gate compares with, and the bytes that a re-reading reads."""
    row = run(connection, "run_last_accepted", source=source_id).one_or_none()
    if row is None:
        return None
    return Accepted(
        row.run_id,
        row.rows_published,
        row.lineage["schema"],
        row.snapshot_sha256,
        Deciding(row.deciding or {}),
    )


def promised_days(engine: Engine, source_id: str) -> int | None:
    """Within how many days new content was promised, if that is overdue."""
    with connect(engine) as connection:
        days: int | None = run(connection, "source_overdue", source=source_id).scalar_one_or_none()
    return days


def begin(
    engine: Engine,
    source: Source,
    snapshot: Snapshot,
    deciding: Deciding,
    *,
    reread: bool = False,
) -> int:
    """A new run of a source whose layer the caller may write; returns its number.

    `reread`: these are the last accepted bytes. Runs of the layer that are still marked as running
    were killed: they are closed as faults.
    """
    with transaction(engine) as connection:
        run(connection, "runs_bury_killed", layer=source.layer)
        return int(
            run(
                connection,
                "run_begin",
                source=source.id,
                layer=source.layer,
                snapshot=snapshot.sha256,
                fetched_at=snapshot.fetched_at,
                declaration=deciding.fingerprint,
                deciding=deciding.parts,
                reread=reread,
            ).scalar_one()
        )


def record(
    engine: Engine,
    source: Source,
    snapshot: Snapshot | None,
    outcome: Outcome,
    reason: Bilingual,
    evidence: Mapping[str, Any],
) -> int:
    """A try that ended before it began to work on a delivery; returns its number.

    A source that is still absent for the same reason has the number of the run that said so first.
    """
    with transaction(engine) as connection:
        return int(
            run(
                connection,
                "run_record",
                source=source.id,
                layer=source.layer,
                snapshot=snapshot.sha256 if snapshot else None,
                fetched_at=snapshot.fetched_at if snapshot else None,
                outcome=outcome,
                reason=reason.en,
                reason_th=reason.th,
                evidence=evidence,
            ).scalar_one()
        )


def write_rows(connection: Connection, run_id: int, delivery: Validated) -> None:
    """The run's issues, quarantined and filtered rows, inside the caller's transaction."""
    for target, rows in (
        (tables.issue, delivery.issues),
        (tables.filtered_row, delivery.filtered),
        (tables.quarantined_row, delivery.quarantined),
    ):
        for batch in rows.batches():
            copy_in(connection, target, _of_run(pa.Table.from_batches([batch]), run_id))


def close_held(engine: Engine, run_id: int, delivery: Validated, verdict: Verdict) -> None:
    """Records why the delivery waits, with its issues; the map stays as it is."""
    assert verdict.reason is not None, "a held delivery has a reason"
    with transaction(engine) as connection:
        write_rows(connection, run_id, delivery)
        run(
            connection,
            "run_hold",
            run_id=run_id,
            reason=verdict.reason.en,
            reason_th=verdict.reason.th,
            evidence=dict(verdict.evidence),
            lineage=dict(delivery.lineage),
            rows_in=delivery.rows_in,
            rows_published=delivery.accepted.num_rows,
            rows_quarantined=delivery.quarantined.num_rows,
            rows_filtered=delivery.filtered.num_rows,
        )


def close(
    engine: Engine, run_id: int, outcome: Outcome, reason: Bilingual, evidence: Mapping[str, Any]
) -> None:
    """Records a run that ended before its delivery could be judged; the map stays as it is."""
    with transaction(engine) as connection:
        run(
            connection,
            "run_close",
            run_id=run_id,
            outcome=outcome,
            reason=reason.en,
            reason_th=reason.th,
            evidence=evidence,
        )


def holds(engine: Engine) -> list[Hold]:
    """Deliveries that wait for a decision, oldest first."""
    with connect(engine) as connection:
        return [Hold(**row) for row in run(connection, "runs_held").mappings().all()]


def find_hold(connection: Connection, run_id: int) -> Hold:
    """The delivery that waits under this number.

    Raises UnknownRun, which says what came after it, if it does not wait.
    """
    waiting = {row.run_id: row for row in run(connection, "runs_held").all()}
    if run_id not in waiting:
        newer = run(connection, "run_newer", run_id=run_id).one_or_none()
        after = (
            f": run {newer.run_id} of {newer.source_id} was {newer.outcome} since" if newer else ""
        )
        raise UnknownRun(run_id, f"it does not wait for a decision{after}")
    return Hold(**waiting[run_id]._mapping)


def said(engine: Engine, run_ids: Sequence[int]) -> dict[int, Said]:
    """What is written down of these runs, by number; those without a reason are left out."""
    with connect(engine) as connection:
        rows = run(connection, "runs_said", runs=list(run_ids)).all()
    return {
        row.run_id: Said(Bilingual(th=row.reason_th or row.reason, en=row.reason), row.evidence)
        for row in rows
    }


def seen(connection: Connection, run_id: int) -> Mapping[str, Any]:
    """What a person saw of a held run; of runs that kept no more, the counts and issues."""
    found: Mapping[str, Any] = run(connection, "run_seen", run_id=run_id).scalar_one()
    return found


def decide(
    connection: Connection, decision: Decision, outcome: Literal["approved", "rejected"]
) -> Hold:
    """Writes a person's word on a held run, in the transaction that does what follows from it.

    The caller holds the layer's lease. Raises UnknownRun if the run does not wait.
    """
    hold = find_hold(connection, decision.run_id)
    run(
        connection,
        "run_decide",
        run_id=decision.run_id,
        rejected=outcome == "rejected",
        by=decision.by,
        reason=decision.reason,
        upgrade=decision.upgrade_id,
    )
    return hold


def begin_upgrade(engine: Engine, *, by: str, reason: str) -> int:
    """One decision for all that an upgrade of the code changes; returns its number."""
    with transaction(engine) as connection:
        return int(run(connection, "upgrade_begin", by=by, reason=reason).scalar_one())


def held_rereadings(engine: Engine) -> list[int]:
    """Numbers of the re-readings that wait; none of bytes that a person rejected before."""
    with connect(engine) as connection:
        return list(run(connection, "runs_reread_held").scalars())


def _of_run(rows: pa.Table, run_id: int) -> pa.Table:
    return rows.append_column("run_id", pa.repeat(pa.scalar(run_id, pa.int32()), rows.num_rows))
