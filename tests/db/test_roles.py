"""Least privilege: each reader's role tries to do more than it may."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from geo.store.database import open_engine
from schemas.catalogue import load_catalogue
from tests.db.conftest import Row, TestMap, with_subdistricts

FORBIDDEN_TO_BOTH = [
    "select * from core.parks",
    "select * from meta.quarantined_row",
    "select * from meta.release",
    "select meta.target_release()",
    "call meta.publish(1, now(), '{}')",
    "update meta.pointer set release = 9",
    "create table public.mine (a int)",
    "create schema mine",
    "create temporary table mine (a int)",
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/passwd')",
    "set role onemap",
]


@pytest.fixture(scope="module")
def city(lasting_database: Callable[..., str]) -> Callable[[str], str]:
    """URL of a role in one city, which no reader can change; it has a park."""
    view = load_catalogue().map_view("bangkok")
    engine = open_engine(lasting_database("roles", view=view))
    with_subdistricts(TestMap(engine, view)).load("parks", [Row("1", 100.49, 13.75)])
    engine.dispose()
    return lambda role: lasting_database("roles", role=role)


@pytest.mark.parametrize("statement", FORBIDDEN_TO_BOTH)
@pytest.mark.parametrize("role", ["onemap_planner", "onemap_web"])
def test_readers_do_no_more_than_read(
    city: Callable[[str], str], role: str, statement: str
) -> None:
    with psycopg.connect(city(role), autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")  # any role may do that
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_planners_read_onemap_alone(city: Callable[[str], str]) -> None:
    with psycopg.connect(city("onemap_planner")) as connection:
        for view in (
            "parks",
            "parks_versions",
            "place",
            "release",
            "layer_status",
            "quality_issue",
        ):
            connection.execute(f"select * from onemap.{view}")
        connection.execute("select * from onemap.parks_as_of(now())")
        connection.execute("select * from onemap.changes('parks', 0, 0), onemap.release_at(now())")
        connection.execute("select * from onemap.parks where onemap.within(geom, geom, 800)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from web.parks")


@pytest.mark.parametrize(
    "call",
    [
        "select * from onemap.parks_as_of(now())",
        "select * from onemap.parks_versions",
        "select * from onemap.changes('parks', 0, 0)",
        "select onemap.release_at(now())",
    ],
)
def test_the_web_has_nothing_of_what_planners_call(city: Callable[[str], str], call: str) -> None:
    with (
        psycopg.connect(city("onemap_web")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(call)


def test_functions_of_planners_are_for_planners(city: Callable[[str], str]) -> None:
    """Whoever else gets at the schema gets at none of them."""
    others = """
        select p.oid::regprocedure
        from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))
        where p.pronamespace = 'onemap'::regnamespace
          and grantee not in ('onemap'::regrole, 'onemap_planner'::regrole)
    """
    with psycopg.connect(city("onemap")) as connection:
        assert connection.execute(others).fetchall() == []
        found = connection.execute(
            "select proname from pg_proc where pronamespace = 'onemap'::regnamespace"
        )
        assert {"parks_as_of", "changes", "within", "around", "release_at"} <= {n for (n,) in found}


def test_the_web_reads_public_columns_alone(city: Callable[[str], str]) -> None:
    with psycopg.connect(city("onemap_web")) as connection:
        names = [
            column.name
            for column in connection.execute("select * from web.housing_communities").description
            or []
        ]
        assert "population" in names
        assert not {"contact_name", "survey_note", "source_key", "content_hash"} & set(names)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from onemap.parks")


def test_planners_see_internal_columns_and_no_personal_ones(city: Callable[[str], str]) -> None:
    with psycopg.connect(city("onemap_planner")) as connection:
        query = "select * from onemap.housing_communities"
        names = [column.name for column in connection.execute(query).description or []]
    assert "survey_note" in names
    assert "contact_name" not in names
