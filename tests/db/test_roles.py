"""Least privilege: each reader's role tries to do more than it may."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.db.conftest import Row, TestMap

FORBIDDEN_TO_BOTH = [
    "select * from core.parks",
    "select * from meta.quarantined_row",
    "select * from meta.release",
    "select meta.target_release()",
    "call meta.publish(1, now(), '{}')",
    "update meta.pointer set release = 9",
    "create table public.mine (a int)",
    "create schema mine",
    "select * from staging.parks",
    "create temporary table mine (a int)",
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/passwd')",
    "set role onemap",
]


@pytest.mark.parametrize("statement", FORBIDDEN_TO_BOTH)
@pytest.mark.parametrize("role", ["onemap_planner", "onemap_web"])
def test_readers_do_no_more_than_read(
    city: TestMap, database: Callable[..., str], role: str, statement: str
) -> None:
    with psycopg.connect(database(role=role), autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")  # any role may do that
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_planners_read_onemap_alone(city: TestMap, database: Callable[..., str]) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    with psycopg.connect(database(role="onemap_planner")) as connection:
        for view in ("parks", "place", "release", "layer_status", "quality_issue"):
            connection.execute(f"select * from onemap.{view}")
        connection.execute("select * from onemap.parks_as_of(now())")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from web.parks")


def test_the_web_reads_public_columns_alone(city: TestMap, database: Callable[..., str]) -> None:
    with psycopg.connect(database(role="onemap_web")) as connection:
        names = [
            column.name
            for column in connection.execute("select * from web.housing_communities").description
            or []
        ]
        assert "population" in names
        assert not {"contact_name", "survey_note", "source_key", "content_hash"} & set(names)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from onemap.parks")


def test_planners_see_internal_columns_and_no_personal_ones(
    city: TestMap, database: Callable[..., str]
) -> None:
    with psycopg.connect(database(role="onemap_planner")) as connection:
        query = "select * from onemap.housing_communities"
        names = [column.name for column in connection.execute(query).description or []]
    assert "survey_note" in names
    assert "contact_name" not in names
