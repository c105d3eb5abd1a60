"""How runs end: one closed list, in Python as in the database."""

from __future__ import annotations

import re
from typing import get_args

from sqlalchemy import text

from flows.job import EXIT_CODES
from geo.states import Outcome
from geo.store import runs
from geo.store.database import connect
from geo.store.migrate import execute_script
from schemas.models import Bilingual
from sql import migrations
from tests.db.conftest import TestMap

OUTCOMES = set(get_args(Outcome))


def test_the_database_knows_the_same_outcomes(test_map: TestMap) -> None:
    with connect(test_map.engine) as connection:
        check = connection.scalar(
            text(
                "select pg_get_constraintdef(oid) from pg_constraint "
                "where conname = 'run_outcome_check'"
            )
        )
    assert set(re.findall(r"'(\w+)'", str(check))) == OUTCOMES | {"running"}
    assert set(EXIT_CODES) == OUTCOMES


def test_what_used_to_be_failed_becomes_a_fault(test_map: TestMap) -> None:
    source = test_map.source_of("parks")
    reason = Bilingual(th="เหตุ", en="why")
    run_id = runs.record(test_map.engine, source, None, "refused", reason, {})
    (step,) = [step for step in migrations() if step.name.startswith("0005")]
    with connect(test_map.engine) as connection, connection.begin() as undone:
        execute_script(connection, "alter table meta.run drop constraint run_outcome_check")
        execute_script(connection, "update meta.run set outcome = 'failed'")
        before = "alter table meta.run add constraint run_outcome_check check (outcome <> '')"
        execute_script(connection, before)
        execute_script(connection, step.text)
        found = connection.execute(text("select run_id, outcome from meta.run")).all()
        undone.rollback()
    assert [tuple(row) for row in found] == [(run_id, "fault")]
