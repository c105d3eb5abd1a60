"""Which walls the reader must have: those of the settings, and none for our own sample."""

from __future__ import annotations

from flows.job import Job
from geo.read import walls
from geo.states import Snapshot


def required_walls(job: Job, taken: Snapshot) -> frozenset[str]:
    """Names of the walls without which these bytes are not read.

    The embedded sample is our own and is read on any machine, so that a newcomer sees a map: its
    files are known by their hashes, wherever they lie. Raises WallsMissing, with advice, for any
    other delivery if a required wall cannot stand here.
    """
    required = job.settings.required_walls
    standing = walls(required)
    if standing.missing and _is_ours(taken):
        return frozenset()
    standing.require()
    return required


def _is_ours(taken: Snapshot) -> bool:
    from samples import own_hashes

    return {file.sha256 for file in taken.files} <= own_hashes()
