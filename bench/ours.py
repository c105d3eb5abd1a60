"""`python -m bench.ours load SOURCE`, or `publish`: a part of the road in a process of its own.

Says as JSON how long each part took. The clock of a load begins where a worker stands that has
taken in another source before: its libraries are imported, and it has tried its walls.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from bench.server import BOUNDARIES
from flows import pipeline
from flows.job import Job
from flows.opening import open_job, prepare
from flows.publishing import publish_changes
from geo.settings import from_environment
from geo.store import lease
from geo.unify import unify


def load(job: Job, source_id: str) -> dict[str, Any]:
    """One source from its delivery to committed history, then placed.

    Ends the process with an error unless it is accepted.
    """
    before, source = pipeline.wanted_sources(job, [BOUNDARIES[0], source_id])
    pipeline.ingest(job, before, again=True)
    began, worked = time.monotonic(), _cpu()
    outcome = pipeline.ingest(job, source)
    loaded, worked = time.monotonic(), _cpu() - worked
    if outcome.outcome != "accepted":
        raise SystemExit(f"{outcome.outcome}: {outcome.reason}")
    layers = [layer.id for layer in job.view.layers]
    with lease.hold(job.engine, layers, wait_seconds=job.patience) as token:
        unify(job.engine, job.view.layers, token)
    return {
        "load": loaded - began,
        "placed": time.monotonic() - began,
        "cpu": worked,
        "rows": outcome.rows_in,
        "published": outcome.published,
        "added": outcome.added,
        "changed": outcome.changed,
    }


def publish(job: Job) -> dict[str, Any]:
    """What was loaded, as the next release."""
    began = time.monotonic()
    made = publish_changes(job)
    if made.release is None:
        raise SystemExit(f"no release: {made.fault}")
    return {"publish": time.monotonic() - began, "release": made.release.number}


def _cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(part: str, *words: str) -> None:
    """Opens the bench's map, does one part, and says what it took."""
    job = open_job(from_environment(), "bench")
    prepare(job)
    print(json.dumps(load(job, *words) if part == "load" else publish(job)))


if __name__ == "__main__":
    main(*sys.argv[1:])
