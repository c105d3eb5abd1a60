"""Step 6, load: an accepted delivery becomes history, in one transaction.

Only identity and fingerprint of every row go to staging first; the comparison is made in SQL, and
only new and changed rows travel. The run, its counts and its issues are written with the rows.
Killed at any instant, it has happened or it has not; done twice, it is done once.
"""

from __future__ import annotations

from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine

from geo.states import Loaded, Validated, Verdict
from geo.store import lease, tables
from geo.store.copying import copy_in
from geo.store.database import run, transaction
from geo.store.runs import Decision, decide, write_rows
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
    with transaction(engine) as connection:
        lease.check(connection, [layer.id], token)
        if decision:
            decide(connection, decision, "approved")
        target = int(run(connection, "target_release").scalar_one())
        names = {"layer": layer.id, "source": source.id, "target": target}
        run(connection, "empty_staging", layer=layer.id)
        run(connection, "take_back", **names)
        _stage(connection, delivery.accepted, source, layer)
        counts = run(connection, "apply_staging", run=run_id, **names).one()
        run(connection, "empty_staging", layer=layer.id)
        loaded = Loaded(run_id, target, counts.added, counts.changed, counts.removed)
        write_rows(connection, run_id, delivery)
        run(
            connection,
            "run_accept",
            run_id=run_id,
            target=target,
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
        return loaded


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


def _stage(connection: Connection, rows: pa.Table, source: Source, layer: Layer) -> None:
    """Sends identity and fingerprint of every row, then whole rows where these are new."""
    copy_in(connection, tables.staging_key(layer), rows)
    changed = run(connection, "changed_features", layer=layer.id, source=source.id).scalars().all()
    travelling = rows.filter(pc.is_in(rows["feature_id"], pa.array(changed, pa.binary(16))))
    copy_in(connection, tables.staging(layer), travelling)
