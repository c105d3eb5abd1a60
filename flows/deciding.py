"""A person's word on a held delivery, and what follows from it.

A decision is written under the layer's lease, in the transaction that does what it says; so it
meets no run half way, and a decision that was killed was never made.
"""

from __future__ import annotations

from flows import pipeline
from flows.job import LEASE_WAIT_SECONDS, Job, RefreshResult, SourceOutcome
from flows.publishing import finish
from geo.errors import UnknownRun
from geo.snapshot import reopen
from geo.store import lease, runs
from geo.store.database import connect, transaction


def approve(job: Job, run_id: int, *, by: str, reason: str) -> RefreshResult:
    """Loads what a person saw of a held run, and publishes it.

    An approval is of what was seen: if these bytes come to anything else by now, they are held
    again, with the difference. Raises UnknownRun if the run does not wait, or if its source is no
    longer declared; ConfigurationError without a name or a reason. Then nothing is decided.
    """
    outcome = let_through(job, runs.Decision(run_id, by, reason))
    return finish(job, [outcome])


def let_through(job: Job, decision: runs.Decision) -> SourceOutcome:
    """`approve` without the publication."""
    hold = _hold(job, decision.run_id)
    source = next((one for one in job.view.sources if one.id == hold.source_id), None)
    if source is None:
        raise UnknownRun(
            hold.run_id,
            f"its source {hold.source_id} is no longer declared, so its rows have no place on the "
            "map; declare it again, or reject the run",
        )
    taken = reopen(source.id, hold.snapshot_sha256, job.settings.snapshots)
    with lease.hold(job.engine, [source.layer], wait_seconds=LEASE_WAIT_SECONDS) as token:
        _hold(job, decision.run_id)  # a run that came first may have ended the hold
        return pipeline.run_once(job, source, taken, token, decision)


def reject(job: Job, run_id: int, *, by: str, reason: str) -> runs.Hold:
    """Turns a held delivery away; its bytes are not accepted by themselves again.

    Raises UnknownRun if the run does not wait, ConfigurationError without a name or a reason.
    """
    decision = runs.Decision(run_id, by, reason)
    layer = _hold(job, run_id).layer_id
    with (
        lease.hold(job.engine, [layer], wait_seconds=LEASE_WAIT_SECONDS) as token,
        transaction(job.engine) as connection,
    ):
        lease.check(connection, [layer], token)
        return runs.decide(connection, decision, "rejected")


def _hold(job: Job, run_id: int) -> runs.Hold:
    with connect(job.engine) as connection:
        return runs.find_hold(connection, run_id)
