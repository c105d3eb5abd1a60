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

    Raises LeaseHeld when a layer is being written by another run.
    """
    placed = [layer.id for layer in layers if layer.role in (Role.place, Role.area)]
    with lease.hold(engine, placed, wait_seconds=wait_seconds) as token:
        return {layer: _unify_layer(engine, layer, token) for layer in placed}


def _unify_layer(engine: Engine, layer: str, token: uuid.UUID) -> int:
    with transaction(engine) as connection:
        lease.check(connection, [layer], token)
        target = run(connection, "target_release").scalar_one()
        return int(run(connection, "unify_layer", layer=layer, target=target).scalar_one())
