"""Brings a database to the state that `sql/` and the declarations describe.

Migrations are history: each is applied once, in one transaction with its record, and refused when
its text changed afterwards (earlier texts that it names itself, by their sha256, will do as well).
Functions and views are made anew where their text changed; layers follow their declarations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

import sql
from geo.errors import MigrationChanged
from geo.store.database import connect, patiently, run, transaction


def migrate(engine: Engine) -> list[str]:
    """Applies what is missing; returns the names of the migrations applied now.

    Raises MigrationChanged when an applied migration has another text than the file, DatabaseBusy
    when somebody reads what has to change and does not end.
    """
    with transaction(engine) as connection:
        execute_script(connection, sql.statement("migration_register"))
    applied = [
        step.name for step in sql.migrations() if _apply_once(engine, step, _checksum(step.text))
    ]
    changed = [_define_functions(engine), *(_define_view(engine, view) for view in sql.views())]
    if any(changed):
        patiently(engine, _finish)
    return applied


def _finish(connection: Connection) -> None:
    run(connection, "comment_columns")
    run(connection, "grant_readers")


def _define_functions(engine: Engine) -> bool:
    """All functions anew if one of them changed; no reader waits for that."""
    text = "".join(script.text for script in sql.functions())
    if _stands(engine, "functions", text):
        return False

    def define(connection: Connection) -> None:
        _lock(connection)
        for script in sql.functions():
            execute_script(connection, script.text)
        _note(connection, "functions", text)

    patiently(engine, define)
    return True


def _define_view(engine: Engine, view: sql.SqlFile) -> bool:
    """A readers' view, if its text changed; whoever reads it at the moment is waited for."""
    if _stands(engine, view.object_name, view.text):
        return False

    def define(connection: Connection) -> None:
        execute_script(connection, view.text)
        _note(connection, view.object_name, view.text)

    patiently(engine, define)
    return True


def _stands(engine: Engine, name: str, text: str) -> bool:
    with connect(engine) as connection:
        found = run(connection, "definition_checksum", name=name).scalar_one_or_none()
    return found == _checksum(text)


def _note(connection: Connection, name: str, text: str) -> None:
    run(connection, "definition_note", name=name, checksum=_checksum(text))


def pending(connection: Connection) -> Sequence[str]:
    """Names of the migrations that this database lacks."""
    recorded = _recorded(connection)
    return [step.name for step in sql.migrations() if step.name not in recorded]


def execute_script(connection: Connection, script: str) -> None:
    """Runs several statements of one SQL file, as they stand."""
    connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def _apply_once(engine: Engine, step: sql.SqlFile, checksum: str) -> bool:
    def apply(connection: Connection) -> bool:
        _lock(connection)
        recorded = _recorded(connection)
        if step.name in recorded:
            if recorded[step.name] not in {checksum, *step.earlier}:
                raise MigrationChanged(step.name)
            return False
        execute_script(connection, step.text)
        run(connection, "migration_record", name=step.name, sha256=checksum)
        return True

    return patiently(engine, apply)


def _recorded(connection: Connection) -> dict[str, str]:
    return {row.name: row.sha256 for row in run(connection, "migrations_applied")}


def _lock(connection: Connection) -> None:
    """Two migrations of one database wait for each other."""
    execute_script(connection, "lock table meta.migration in exclusive mode")


def _checksum(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
