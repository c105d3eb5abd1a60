"""Migrations are history: applied once, recorded, and refused when they changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

import sql
from geo.errors import ConfigurationError, MigrationChanged
from geo.store.database import connect, open_engine, transaction
from geo.store.declare import declare, prepare
from geo.store.migrate import migrate
from schemas.catalogue import load_catalogue
from schemas.models import ColumnType, Layer, Privacy
from tests.db.conftest import TestMap


def test_applying_again_does_nothing(database: Callable[..., str]) -> None:
    assert migrate(open_engine(database())) == []


def test_changed_history_is_refused(
    database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(database())
    changed = [sql.SqlFile(step.name, step.text + "\n-- other") for step in sql.migrations()]
    monkeypatch.setattr(sql, "migrations", lambda: changed)
    with pytest.raises(MigrationChanged, match="0001"):
        migrate(engine)


def test_a_migration_that_fails_leaves_nothing(
    database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(database())
    broken = sql.SqlFile("9999_broken.sql", "create table meta.half (); select 1/0")
    steps = [*sql.migrations(), broken]
    monkeypatch.setattr(sql, "migrations", lambda: steps)
    with pytest.raises(Exception, match="division by zero"):
        migrate(engine)
    with connect(engine) as connection:
        assert connection.scalar(text("select to_regclass('meta.half')")) is None
        names = connection.scalars(text("select name from meta.migration")).all()
    assert "9999_broken.sql" not in names


def test_every_table_and_column_has_a_comment_in_both_languages(test_map: TestMap) -> None:
    with connect(test_map.engine) as connection:
        silent = connection.execute(
            text(
                """
                select format('%s.%s.%s', n.nspname, c.relname, a.attname)
                from pg_class c
                join pg_namespace n on n.oid = c.relnamespace
                join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                where n.nspname in ('meta', 'core', 'onemap', 'web') and c.relkind in ('r', 'v')
                  and c.relname not in ('latest_run', 'latest_accepted_run')
                  and (coalesce(col_description(c.oid, a.attnum), '') !~ '[ก-๙]'
                       or coalesce(obj_description(c.oid), '') !~ '[ก-๙].*[A-Za-z]')
                """
            )
        ).scalars()
        assert list(silent) == []


def test_a_new_column_of_a_layer_is_added_and_planners_views_stay(test_map: TestMap) -> None:
    view = test_map.view
    with transaction(test_map.engine) as connection:
        connection.execute(text("create view public.mine as select name_th from onemap.parks"))
    parks = view.layer("parks")
    note = parks.columns["name_en"]
    wider = parks.model_copy(update={"columns": {**parks.columns, "note_text": note}})
    layers = [wider if layer.id == "parks" else layer for layer in view.layers]
    declare(test_map.engine, replace(view, layers=tuple(layers)))
    with connect(test_map.engine) as connection:
        connection.execute(text("select note_text from onemap.parks, public.mine"))


def test_a_map_of_other_places_has_the_same_shape(database: Callable[..., str]) -> None:
    view = load_catalogue().map_view("nakhon_phanom")
    engine = open_engine(database())
    declare(engine, view)
    with connect(engine) as connection:
        assert connection.scalar(text("select map_id from meta.map")) == "nakhon_phanom"
        assert connection.scalar(text("select count(*) from onemap.place")) == 0


def redeclare(test_map: TestMap, layer: Layer) -> None:
    view = test_map.view
    layers = [layer if layer.id == known.id else known for known in view.layers]
    declare(test_map.engine, replace(view, layers=tuple(layers)))


def with_column(layer: Layer, name: str, **changes: object) -> Layer:
    column = layer.columns[name].model_copy(update=changes)
    return layer.model_copy(update={"columns": {**layer.columns, name: column}})


def columns_of(test_map: TestMap, view: str) -> list[str]:
    with connect(test_map.engine) as connection:
        return list(connection.execute(text(f"select * from {view}")).keys())


def test_a_column_that_becomes_internal_leaves_the_public_view(test_map: TestMap) -> None:
    parks = test_map.view.layer("parks")
    assert "area_m2" in columns_of(test_map, "web.parks")
    redeclare(test_map, with_column(parks, "area_m2", privacy=Privacy.internal))
    assert "area_m2" not in columns_of(test_map, "web.parks")
    assert "area_m2" in columns_of(test_map, "onemap.parks")
    columns_of(test_map, "web.place")
    columns_of(test_map, "onemap.parks_as_of(now())")


def test_a_column_that_somebodys_view_needs_does_not_go_silently(test_map: TestMap) -> None:
    with transaction(test_map.engine) as connection:
        connection.execute(text("create view public.mine as select area_m2 from onemap.parks"))
    parks = with_column(test_map.view.layer("parks"), "area_m2", privacy=Privacy.personal)
    with pytest.raises(ConfigurationError, match="view of somebody's depends"):
        redeclare(test_map, parks)
    columns_of(test_map, "public.mine")


def test_a_column_keeps_the_type_of_its_history(test_map: TestMap) -> None:
    parks = with_column(test_map.view.layer("parks"), "area_m2", type=ColumnType.text)
    with pytest.raises(ConfigurationError, match=r"area_m2.*another name"):
        redeclare(test_map, parks)


def test_one_database_is_one_map(test_map: TestMap) -> None:
    other = load_catalogue().map_view("songkhla")
    with pytest.raises(ConfigurationError, match="holds the map `bangkok`"):
        prepare(test_map.engine, other)


def test_several_runs_shape_a_fresh_database_one_after_another(
    database: Callable[..., str],
) -> None:
    view = load_catalogue().map_view("songkhla")
    address = database()

    def shape(_: int) -> None:
        engine = open_engine(address)
        prepare(engine, view)
        engine.dispose()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(shape, range(4)))
    with connect(open_engine(address)) as connection:
        assert connection.scalar(text("select count(*) from meta.map")) == 1


def test_a_column_declared_between_others_leaves_peoples_views(test_map: TestMap) -> None:
    with transaction(test_map.engine) as connection:
        connection.execute(text("create view public.mine as select area_m2 from onemap.parks"))
    parks = test_map.view.layer("parks")
    columns = {"note_text": parks.columns["name_en"], **parks.columns}
    redeclare(test_map, parks.model_copy(update={"columns": columns}))
    assert "note_text" in columns_of(test_map, "onemap.parks")
    columns_of(test_map, "public.mine")


def test_a_layer_that_is_no_longer_declared_leaves_the_public_schema(test_map: TestMap) -> None:
    view = test_map.view
    layers = [layer for layer in view.layers if layer.id != "hospitals"]
    sources = [source for source in view.sources if source.layer != "hospitals"]
    declare(test_map.engine, replace(view, layers=tuple(layers), sources=tuple(sources)))
    with connect(test_map.engine) as connection:
        assert connection.scalar(text("select to_regclass('web.hospitals')")) is None
