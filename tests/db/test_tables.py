"""The tables that Python knows are the tables that SQL made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import MetaData, Table, inspect

from geo.store import tables
from geo.store.database import open_engine
from schemas.catalogue import load_catalogue
from tests.db.conftest import TestMap

REGISTERS = list(tables.metadata.tables.values())


@pytest.fixture(scope="module")
def test_map(lasting_database: Callable[..., str]) -> TestMap:
    """The declarations of Bangkok, for all tests that only look."""
    view = load_catalogue().map_view("bangkok")
    return TestMap(open_engine(lasting_database("tables", view=view)), view)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda table: table.name)
def test_registers_are_equal_to_the_database(test_map: TestMap, register: Table) -> None:
    _assert_equal(test_map, register)


def test_layer_tables_are_equal_to_the_database(test_map: TestMap) -> None:
    for layer in test_map.view.layers:
        _assert_equal(test_map, tables.history(layer))


def _assert_equal(test_map: TestMap, known: Table) -> None:
    found = Table(known.name, MetaData(), schema=known.schema, autoload_with=test_map.engine)
    assert _shape(known, test_map) == _shape(found, test_map)
    keys = inspect(test_map.engine).get_pk_constraint(known.name, known.schema)
    assert {column.name for column in known.primary_key} == set(keys["constrained_columns"])


def _shape(table: Table, test_map: TestMap) -> dict[str, tuple[str, bool]]:
    dialect = test_map.engine.dialect
    return {
        column.name: (
            column.type.compile(dialect).lower(),
            bool(column.nullable) and not column.primary_key,
        )
        for column in table.columns
    }
