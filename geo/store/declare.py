"""Copies a map's declarations into the database, and shapes its layers after them."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import partial
from typing import Any

from psycopg.errors import DependentObjectsStillExist
from sqlalchemy import Connection, Engine, Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

import sql
from geo.errors import ConfigurationError
from geo.store import tables
from geo.store.database import connect, patiently, run, session
from geo.store.migrate import migrate, pending
from schemas.catalogue import MapView
from schemas.models import Agency, Layer, Source


def prepare(engine: Engine, view: MapView) -> None:
    """Migrates and declares, unless the database is in that state already.

    Raises ConfigurationError if the database holds another map: one map is one database.
    """
    fingerprint = _fingerprint(view)
    if _in_force(engine, view.map.id, fingerprint):
        return
    with session(engine) as connection:
        run(connection, "preparation_lock")  # until this session ends: others wait here
        if not _in_force(engine, view.map.id, fingerprint):
            migrate(engine)
            declare(engine, view)


def declare(engine: Engine, view: MapView) -> None:
    """Makes the database's registers, layer tables, views and comments follow the declarations.

    Layer by layer, and only where something differs: whoever reads a layer keeps it from changing,
    and a change that waits for them shuts everybody else out (`geo.store.database.patiently`).
    What is no longer declared is marked so and kept: its history is not ours to delete. Killed in
    between, the next preparation goes through it again. Raises ConfigurationError for a column that
    cannot follow, DatabaseBusy while a reader does not end.
    """
    for layer in view.layers:
        patiently(engine, partial(_declare_layer, layer=layer))
    patiently(engine, partial(_declare_map, view=view))


def _declare_layer(connection: Connection, layer: Layer) -> None:
    """A layer's register, table and views, in one transaction of its own."""
    columns = tables.layer_column
    _put(connection, tables.layer, [_layer_row(layer)])
    connection.execute(delete(columns).where(columns.c.layer_id == layer.id))
    _put(connection, columns, _columns(layer))
    _refuse_other_types(connection)
    _define_layer(connection, layer.id)


def _declare_map(connection: Connection, view: MapView) -> None:
    """What is of the whole map; with it, the declarations are in force."""
    _put(connection, tables.agency, [_agency_row(agency) for agency in view.agencies.values()])
    connection.execute(
        update(tables.layer).values(
            declared=tables.layer.c.layer_id.in_([layer.id for layer in view.layers])
        )
    )
    connection.execute(update(tables.source).values(declared=False))
    _put(connection, tables.source, [_source_row(source) for source in view.sources])
    run(connection, "define_places", schema="onemap")
    run(connection, "define_places", schema="web")
    run(connection, "withdraw_undeclared")
    run(connection, "comment_columns")
    run(connection, "grant_readers")
    _put(connection, tables.the_map, [_map_row(view)])


def is_prepared(connection: Connection) -> bool:
    """Whether a map has lived in this database, in whatever version."""
    return bool(run(connection, "is_prepared").scalar_one())


def _refuse_other_types(connection: Connection) -> None:
    for column in run(connection, "retyped_columns"):
        raise ConfigurationError(
            f"layer {column.layer_id}: column `{column.column_name}` is declared as "
            f"{column.declared}, and its history is {column.found}; give the new one another name"
        )


def _define_layer(connection: Connection, layer: str) -> None:
    try:
        run(connection, "define_layer", layer=layer)
    except DBAPIError as error:
        if isinstance(error.orig, DependentObjectsStillExist):
            detail = str(error.orig).splitlines()
            raise ConfigurationError(
                f"a column of layer {layer} is no longer shown, and a view of somebody's depends "
                f"on it ({'; '.join(detail[1:2])}); drop that view, then run again"
            ) from error
        raise


def _fingerprint(view: MapView) -> str:
    """sha256 of all that shapes the database: the declarations and the re-applied SQL."""
    agencies = [view.agencies[name] for name in sorted(view.agencies)]
    declared = [view.map, view.area, *view.layers, *view.sources, *agencies]
    texts = [declaration.model_dump_json() for declaration in declared]
    texts += [script.text for script in (*sql.functions(), *sql.views())]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _in_force(engine: Engine, map_id: str, fingerprint: str) -> bool:
    with connect(engine) as connection:
        if not is_prepared(connection) or pending(connection):
            return False
        known = tables.the_map.c
        found = connection.execute(select(known.map_id, known.setup_sha256)).one_or_none()
    if found and found.map_id != map_id:
        raise ConfigurationError(
            f"this database holds the map `{found.map_id}`, not `{map_id}`; one map is one "
            "database: write `{map}` for the database's name in ONEMAP_DATABASE_URL, or leave it "
            "out"
        )
    return found is not None and found.setup_sha256 == fingerprint


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Inserts rows, or brings those with the same key up to date, in the columns that are given."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def _map_row(view: MapView) -> dict[str, Any]:
    one_map = view.map
    west, south, east, north = view.area.extent
    return {
        "map_id": one_map.id,
        "title_th": one_map.title.th,
        "title_en": one_map.title.en,
        "notice_th": one_map.notice.th if one_map.notice else None,
        "notice_en": one_map.notice.en if one_map.notice else None,
        "sample": one_map.sample,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "setup_sha256": _fingerprint(view),
    }


def _agency_row(agency: Agency) -> dict[str, Any]:
    return {
        "agency_id": agency.id,
        "title_th": agency.title.th,
        "title_en": agency.title.en,
        "licence_th": agency.licence.th,
        "licence_en": agency.licence.en,
        "url": agency.url,
        "contact_role_th": agency.contact_role.th,
        "contact_role_en": agency.contact_role.en,
    }


def _layer_row(layer: Layer) -> dict[str, Any]:
    return {
        "layer_id": layer.id,
        "title_th": layer.title.th,
        "title_en": layer.title.en,
        "description_th": layer.description.th,
        "description_en": layer.description.en,
        "role": layer.role.value,
        "geometry": layer.geometry.value,
        "style": layer.style.model_dump(),
        "sort_order": layer.style.order,
        "declared": True,
    }


def _columns(layer: Layer) -> list[dict[str, Any]]:
    return [
        {
            "layer_id": layer.id,
            "column_name": name,
            "position": position,
            "type": column.type.value,
            "title_th": column.title.th,
            "title_en": column.title.en,
            "description_th": column.description.th if column.description else None,
            "description_en": column.description.en if column.description else None,
            "unit": column.unit,
            "privacy": column.privacy.value,
            "in_tiles": column.in_tiles,
        }
        for position, (name, column) in enumerate(layer.columns.items())
    ]


def _source_row(source: Source) -> dict[str, Any]:
    return {
        "source_id": source.id,
        "layer_id": source.layer,
        "agency_id": source.agency,
        "title_th": source.title.th,
        "title_en": source.title.en,
        "as_of": date.fromisoformat(source.as_of) if source.as_of else None,
        "promise_days": source.promise_days,
        "declared": True,
    }
