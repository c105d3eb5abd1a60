"""Step 6, load: an accepted delivery becomes history, in one transaction.

Rows are compared with the map as they pass, and only what is new or changed travels, to a stage of
the run's own (`geo.store.staging`). History, the run, its counts and its issues are then written
together. Killed at any instant, it has happened or it has not; done twice, it is done once.
"""

from __future__ import annotations

from uuid import UUID

import pyarrow as pa
from sqlalchemy import Connection, Engine

from geo.states import Loaded, Validated, Verdict
from geo.store import lease
from geo.store.database import run, transaction
from geo.store.runs import Decision, decide, write_rows
from geo.store.staging import Stage, staging
from schemas.models import Bilingual, Layer, Source


def load(
    engine: Engine,
    run_id: int,
    delivery: Validated,
    verdict: Verdict,
    source: Source,
    layer: Layer,
    token: UUID,
    decision: Decision | None = None,
) -> Loaded:
    """Prepares the delivery for the coming release and closes its run as `accepted`.

    `token` is that of a lease on the layer; it is checked in this very transaction, which also
    writes the person's `decision` that lets the delivery through. Raises LeaseLost, and UnknownRun
    if the hold that was decided no longer waits; database errors leave everything as it was.
    """
    with staging(engine, layer, source, run_id) as stage:
        for batch in delivery.accepted.batches():
            stage.add(pa.Table.from_batches([batch]))
        return load_staged(stage, delivery, verdict, token, decision)


def load_staged(
    stage: Stage,
    delivery: Validated,
    verdict: Verdict,
    token: UUID,
    decision: Decision | None = None,
) -> Loaded:
    """The same for a delivery whose accepted rows are on the stage."""
    with stage.settled() as connection:
        lease.check(connection, [stage.layer.id], token)
        if decision:
            decide(connection, decision, "approved")
        target = int(run(connection, "target_release").scalar_one())
        counts = run(
            connection,
            "apply_stage",
            layer=stage.layer.id,
            source=stage.source.id,
            run=stage.run_id,
            target=target,
        ).one()
        loaded = Loaded(stage.run_id, target, counts.added, counts.changed, counts.removed)
        write_rows(connection, stage.run_id, delivery)
        _close(connection, loaded, delivery, verdict)
        return loaded


def _close(connection: Connection, loaded: Loaded, delivery: Validated, verdict: Verdict) -> None:
    run(
        connection,
        "run_accept",
        run_id=loaded.run_id,
        target=loaded.target_release,
        rows_in=delivery.rows_in,
        rows_published=delivery.accepted.num_rows,
        rows_quarantined=delivery.quarantined.num_rows,
        rows_filtered=delivery.filtered.num_rows,
        rows_at_area=delivery.rows_at_area,
        rows_repaired=delivery.rows_repaired,
        added=loaded.added,
        changed=loaded.changed,
        removed=loaded.removed,
        evidence=dict(verdict.evidence),
        lineage=dict(delivery.lineage) | {"schema": dict(delivery.schema)},
    )


def take_back(engine: Engine, layer: str, token: UUID, reason: Bilingual) -> None:
    """Undoes what was prepared of a layer for the coming release; its runs end as faults.

    `token` is that of a lease on the layer. Raises LeaseLost.
    """
    with transaction(engine) as connection:
        lease.check(connection, [layer], token)
        target = int(run(connection, "target_release").scalar_one())
        run(connection, "take_back_layer", layer=layer, target=target)
        run(
            connection,
            "runs_take_back",
            layer=layer,
            target=target,
            reason=reason.en,
            reason_th=reason.th,
        )
