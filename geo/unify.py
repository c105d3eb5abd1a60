"""Step 7, unify: each feature of the coming release gets its district and subdistrict.

By place where it has one, as it says where it has not; set-based, in the database
(`sql/functions/030_unify.sql`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Engine

from geo.store import lease
from geo.store.blame import Building
from geo.store.database import run, transaction
from schemas.models import Layer, Role


def unify(engine: Engine, layers: Sequence[Layer], token: uuid.UUID) -> dict[str, int]:
    """Places what the loads prepared; returns per layer how many features got other codes.

    `token` is that of a lease on all `layers`, which the caller keeps until it has published:
    nothing comes in between. Done twice, it is done once. Raises LeaseLost, and LayerUnbuilt
    for a layer with which something fails that nobody foresaw.
    """
    placed = [layer.id for layer in layers if layer.role in (Role.place, Role.area)]
    return {layer_id: _place(engine, layer_id, token) for layer_id in placed}


def _place(engine: Engine, layer: str, token: uuid.UUID) -> int:
    with Building(layer), transaction(engine) as connection:
        lease.check(connection, [layer], token)
        target = run(connection, "target_release").scalar_one()
        return int(run(connection, "unify_layer", layer=layer, target=target).scalar_one())
