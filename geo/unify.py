"""Step 7, unify: each feature of the coming release gets its district and subdistrict.

By place where it has one, as it says where it has not; set-based, in the database
(`sql/functions/030_unify.sql`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Engine

from geo import lease
from geo.database import run, transaction
from schemas.models import Layer, Role


def unify(engine: Engine, layers: Sequence[Layer], *, wait_seconds: float = 60) -> dict[str, int]:
    """Places what the loads prepared; returns per layer how many features got other codes.

    What came from sources that are no longer declared ends. Raises LeaseHeld when a layer is being
    written by another run.
    """
    names = [layer.id for layer in layers]
    placed = [layer.id for layer in layers if layer.role in (Role.place, Role.area)]
    with lease.hold(engine, names, wait_seconds=wait_seconds) as token:
        for name in names:
            _change(engine, "end_undeclared", name, token)
        return {name: _change(engine, "unify_layer", name, token) for name in placed}


def _change(engine: Engine, statement: str, layer: str, token: uuid.UUID) -> int:
    with transaction(engine) as connection:
        lease.check(connection, [layer], token)
        target = run(connection, "target_release").scalar_one()
        return int(run(connection, statement, layer=layer, target=target).scalar_one())
