"""The database as source code: SQL files, found by name.

`migrations/` is history, applied once and in order; `functions/` is re-applied after them;
`statements/` holds what Python runs, with bound values. Python builds no statement from strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class SqlFile:
    """One SQL file: its name without folder, and its text."""

    name: str
    text: str


def _folder(name: str) -> list[SqlFile]:
    entries = sorted(files("sql").joinpath(name).iterdir(), key=lambda entry: entry.name)
    return [
        SqlFile(entry.name, entry.read_text("utf-8"))
        for entry in entries
        if entry.name.endswith(".sql")
    ]


def migrations() -> list[SqlFile]:
    """Numbered steps of history, in order."""
    return _folder("migrations")


def functions() -> list[SqlFile]:
    """Functions, views and grants, in the order in which they build upon each other."""
    return _folder("functions")


@cache
def statement(name: str) -> str:
    """Text of `statements/<name>.sql`. Raises FileNotFoundError for an unknown name."""
    return files("sql").joinpath("statements", f"{name}.sql").read_text("utf-8")
