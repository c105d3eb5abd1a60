"""The indexes of a layer's history: built beside its first rows, by definition and once."""

from __future__ import annotations

import re

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import sql
from geo.store.database import transaction
from tests.db.conftest import Row, TestMap
from tests.db.test_load import rows

INDEXES = """
    select regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX .* USING ', '\\1') from pg_indexes
    where schemaname = 'core' and tablename = '{}' order by 1
"""
WHOLE_SET = [
    "UNIQUE btree (feature_id) WHERE (release_to IS NULL)",
    "UNIQUE btree (feature_id, release_from)",
    "btree (district_code, subdistrict_code, release_from, release_to)",
    "btree (release_from)",
    "btree (release_to) WHERE (release_to IS NOT NULL)",
    "btree (source_id) WHERE (release_to IS NULL)",
    "gist (geom)",
]


def indexes(test_map: TestMap, layer: str) -> list[str]:
    return [definition for (definition,) in rows(test_map, INDEXES.format(layer))]


def index(test_map: TestMap, layer: str) -> None:
    with transaction(test_map.engine) as connection:
        connection.execute(text("call meta.index_history(:layer)"), {"layer": layer})


def test_indexes_come_with_the_first_rows(test_map: TestMap) -> None:
    assert indexes(test_map, "parks") == []
    test_map.load("parks", [Row("1", 100.49, 13.75)])
    assert indexes(test_map, "parks") == WHOLE_SET


def test_a_load_of_nothing_leaves_the_table_to_the_next_one(test_map: TestMap) -> None:
    test_map.load("parks", [])
    index(test_map, "parks")
    assert indexes(test_map, "parks") == []


def test_only_what_is_missing_is_made(test_map: TestMap) -> None:
    test_map.load("parks", [Row("1", 100.49, 13.75)])
    kept = "select oid from pg_class where relname = 'parks_geom_idx'"
    before = rows(test_map, kept)
    with transaction(test_map.engine) as connection:
        connection.execute(text("drop index core.parks_area_idx"))
    index(test_map, "parks")
    assert indexes(test_map, "parks") == WHOLE_SET
    assert rows(test_map, kept) == before


@pytest.mark.parametrize("release_from", [1, 2])
def test_a_feature_begins_once_with_a_release_and_has_one_open_version(
    test_map: TestMap, release_from: int
) -> None:
    test_map.load("parks", [Row("1", 100.49, 13.75)])
    again = text(
        """
        insert into core.parks (feature_id, source_id, source_key, source_row, run_id, content_hash,
                                location_precision, geom, release_from, release_to)
        select feature_id, source_id, source_key, source_row, run_id, content_hash,
               location_precision, geom, :begin, cast(nullif(:begin, 2) as integer) + 4
        from core.parks
        """
    )
    with pytest.raises(IntegrityError) as refused, transaction(test_map.engine) as connection:
        connection.execute(again, {"begin": release_from})
    assert isinstance(refused.value.orig, psycopg.errors.UniqueViolation)


def test_rows_have_a_run_of_their_own_source(test_map: TestMap) -> None:
    """Source and run are looked at once for all rows: no key of every row does it."""
    test_map.load("parks", [Row("1", 100.49, 13.75)])
    load = text("select meta.apply_stage('parks', :source, :run, 1)")
    (run,) = rows(test_map, "select run_id from meta.run")[0]
    source = test_map.source_of("parks").id
    for wrong in ({"source": source, "run": run + 1}, {"source": "somebodys", "run": run}):
        with pytest.raises(IntegrityError) as refused, transaction(test_map.engine) as connection:
            connection.execute(load, wrong)
        assert isinstance(refused.value.orig, psycopg.errors.ForeignKeyViolation)


def test_what_is_one_for_all_rows_is_asked_once() -> None:
    """A function of no row is called for each row, unless a query of its own asks it: at a million
    rows, for eight seconds of processor time.
    """
    scripts = [*sql.functions(), *sql.views()]
    assert [s.name for s in scripts if re.search(r"(any|all) \(meta\.\w+\(", s.text)] == []
