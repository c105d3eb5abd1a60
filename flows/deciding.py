"""What follows when a person lets a held delivery through."""

from __future__ import annotations

from flows import pipeline
from flows.job import Job, RefreshResult
from flows.publishing import finish
from geo.snapshot import reopen
from geo.store import runs


def approve(job: Job, run_id: int, *, by: str, reason: str) -> RefreshResult:
    """Records the approval, loads the held bytes and publishes.

    Killed in between, the next refresh with these bytes ends the work: the approval stands.
    Raises UnknownRun if the run does not wait.
    """
    hold = runs.decide(job.engine, run_id, "approved", by=by, reason=reason)
    source = job.view.source(hold.source_id)
    taken = reopen(source.id, hold.snapshot_sha256, job.settings.snapshots)
    outcome = pipeline.bring_in(job, source, taken, approved=True)
    return finish(job, [outcome])
