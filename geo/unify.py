"""Step 7, unify: what stands gets the district and subdistrict that the coming release gives it.

A load places what it brings. So there is something to do only where the boundaries became others
since: such features pass by batches, and are placed by the function that placed them first
(`geo.space.areas`). Those that get other codes are written, once (`sql/functions/030_unify.sql`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine

from geo.space import wkb
from geo.space.areas import AdminAreas
from geo.store import lease, tables
from geo.store.blame import Building
from geo.store.boundaries import load_areas
from geo.store.copying import copy_in
from geo.store.database import run, transaction
from geo.values.distinct import Column
from schemas.models import Layer, Role

_UNPLACED = pa.schema(
    {
        "feature_id": pa.binary(16),
        "release_from": pa.int32(),
        "district_code": pa.string(),
        "subdistrict_code": pa.string(),
        "geom": pa.binary(),
    }
)


def unify(engine: Engine, layers: Sequence[Layer], token: uuid.UUID) -> dict[str, int]:
    """Places anew what other boundaries placed; returns per layer how many got other codes.

    `token` is that of a lease on all `layers`, which the caller keeps until it has published:
    nothing comes in between. Done twice, it is done once. Raises LeaseLost, and LayerUnbuilt
    for a layer with which something fails that nobody foresaw.
    """
    placed = [layer.id for layer in layers if layer.role in (Role.place, Role.area)]
    boundaries = cache(partial(load_areas, engine))
    return {layer_id: _place(engine, layer_id, boundaries, token) for layer_id in placed}


def _place(
    engine: Engine, layer: str, boundaries: Callable[[], AdminAreas | None], token: uuid.UUID
) -> int:
    with Building(layer), transaction(engine) as connection:
        lease.check(connection, [layer], token)
        target = run(connection, "target_release").scalar_one()
        run(connection, "unify_layer", layer=layer, target=target)
        moved = [_otherwise(rows, boundaries()) for rows in _unplaced(connection)]
        if not any(rows.num_rows for rows in moved):
            return 0
        run(connection, "unify_stage")
        copy_in(connection, tables.placed(), pa.concat_tables(moved))
        return int(run(connection, "unify_renew", layer=layer, target=target).scalar_one())


def _unplaced(connection: Connection) -> Iterator[pa.Table]:
    while (page := run(connection, "unify_fetch")).rowcount:
        columns = zip(page.keys(), zip(*page, strict=True), strict=True)
        yield pa.table(dict(columns), _UNPLACED)


def _otherwise(rows: pa.Table, boundaries: AdminAreas | None) -> pa.Table:
    """The rows whose area is another than their codes say, with its codes. What lies in none, nor
    near to one, stays as it is.
    """
    identity = rows.select(["feature_id", "release_from"])
    was = rows["district_code"], rows["subdistrict_code"]
    if boundaries is None:
        return _with_codes(identity, was).slice(length=0)
    at = boundaries.subdistricts.at(wkb.read(rows["geom"]).shapes.spots(), near=True)
    now = boundaries.placed(at, *was)
    other = pc.or_(*(_differ(*codes) for codes in zip(was, now, strict=True)))
    return _with_codes(identity, now).filter(other)


def _differ(one: Column, other: Column) -> Column:
    """Where two values differ; a null differs from all but a null."""
    one_is_null = pc.xor(pc.is_null(one), pc.is_null(other))
    return pc.coalesce(pc.not_equal(one, other), one_is_null)


def _with_codes(rows: pa.Table, codes: tuple[Column, Column]) -> pa.Table:
    for name, column in zip(("district_code", "subdistrict_code"), codes, strict=True):
        rows = rows.append_column(name, column)
    return rows
