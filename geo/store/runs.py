"""The register of runs: each try to bring a source in, how it ended, and who decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from sqlalchemy import Connection, Engine

from geo.errors import ConfigurationError, UnknownRun
from geo.states import Accepted, Outcome, Snapshot, Validated, Verdict
from geo.store import tables
from geo.store.copying import copy_in
from geo.store.database import connect, run, transaction
from schemas.models import Bilingual, Source


@dataclass(frozen=True)
class Earlier:
    """How the same bytes, under the same declarations, ended before."""

    run_id: int
    outcome: Literal["accepted", "held", "rejected"]
    reason: str | None
    approved: bool


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


def earlier(
    connection: Connection, source_id: str, snapshot_sha256: str, declaration_sha256: str
) -> Earlier | None:
    """The decision that already covers these bytes, if there is one.

    It is the source's latest accepted run, or a hold or a rejection that came after it.
    """
    row = run(
        connection,
        "run_earlier",
        source=source_id,
        snapshot=snapshot_sha256,
        declaration=declaration_sha256,
    ).one_or_none()
    return Earlier(row.run_id, row.outcome, row.reason, row.approved) if row else None


def last_accepted(connection: Connection, source_id: str) -> Accepted | None:
    """What the gate compares with."""
    row = run(connection, "run_last_accepted", source=source_id).one_or_none()
    return Accepted(row.run_id, row.rows_published, row.lineage["schema"]) if row else None


def begin(
    engine: Engine, source: Source, snapshot: Snapshot | None, declaration_sha256: str
) -> int:
    """A new run of a source whose layer the caller may write; returns its number.

    Runs of the layer that are still marked as running were killed: they are closed as faults.
    """
    with transaction(engine) as connection:
        run(connection, "runs_bury_killed", layer=source.layer)
        return int(
            run(
                connection,
                "run_begin",
                source=source.id,
                layer=source.layer,
                snapshot=snapshot.sha256 if snapshot else None,
                fetched_at=snapshot.fetched_at if snapshot else None,
                declaration=declaration_sha256,
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
    """A try that ended before it began to work on a delivery; returns its number."""
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
    copy_in(connection, tables.issue, _of_run(delivery.issues, run_id))
    copy_in(connection, tables.filtered_row, _of_run(delivery.filtered, run_id))
    copy_in(connection, tables.quarantined_row, _of_run(delivery.quarantined, run_id))


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


def decide(engine: Engine, run_id: int, outcome: str, *, by: str, reason: str) -> Hold:
    """Records a person's word on a held run: `approved` lets its bytes through, `rejected` not.

    Raises UnknownRun if the run does not wait, ConfigurationError without a name or a reason.
    """
    if not by.strip() or not reason.strip():
        raise ConfigurationError("a decision has a name and a reason: --by NAME --reason TEXT")
    with transaction(engine) as connection:
        waiting = {row.run_id: row for row in run(connection, "runs_held").all()}
        if run_id not in waiting:
            raise UnknownRun(run_id, "it does not wait for a decision")
        run(
            connection,
            "run_decide",
            run_id=run_id,
            rejected=outcome == "rejected",
            by=by,
            reason=reason,
        )
        return Hold(**waiting[run_id]._mapping)


def _of_run(rows: pa.Table, run_id: int) -> pa.Table:
    return rows.append_column("run_id", pa.repeat(pa.scalar(run_id, pa.int32()), rows.num_rows))
