"""Brings a database to the state that `sql/` and the declarations describe.

Migrations are history: each is applied once, in one transaction with its record, and refused when
its text changed afterwards. Functions, views and grants are re-applied; layers follow their
declarations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

import sql
from geo.errors import MigrationChanged
from geo.store.database import run, transaction


def migrate(engine: Engine) -> list[str]:
    """Applies what is missing; returns the names of the migrations applied now.

    Raises MigrationChanged when an applied migration has another text than the file.
    """
    with transaction(engine) as connection:
        execute_script(connection, sql.statement("migration_register"))
    applied = [
        step.name for step in sql.migrations() if _apply_once(engine, step, _checksum(step.text))
    ]
    with transaction(engine) as connection:
        _lock(connection)
        for script in sql.functions():
            execute_script(connection, script.text)
    return applied


def pending(connection: Connection) -> Sequence[str]:
    """Names of the migrations that this database lacks."""
    recorded = _recorded(connection)
    return [step.name for step in sql.migrations() if step.name not in recorded]


def execute_script(connection: Connection, script: str) -> None:
    """Runs several statements of one SQL file, as they stand."""
    connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def _apply_once(engine: Engine, step: sql.SqlFile, checksum: str) -> bool:
    with transaction(engine) as connection:
        _lock(connection)
        recorded = _recorded(connection)
        if step.name in recorded:
            if recorded[step.name] != checksum:
                raise MigrationChanged(step.name)
            return False
        execute_script(connection, step.text)
        run(connection, "migration_record", name=step.name, sha256=checksum)
        return True


def _recorded(connection: Connection) -> dict[str, str]:
    return {row.name: row.sha256 for row in run(connection, "migrations_applied")}


def _lock(connection: Connection) -> None:
    """Two migrations of one database wait for each other."""
    execute_script(connection, "lock table meta.migration in exclusive mode")


def _checksum(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
