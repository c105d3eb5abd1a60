"""The database as source code: SQL files, found by name.

`migrations/` is history, applied once and in order; `functions/` and `views/` are re-applied after
them, where their text changed; `statements/` holds what Python runs, with bound values. Python
builds no statement from strings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_ALSO_APPLIED_AS = re.compile(r"^-- Also applied as ([0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True)
class SqlFile:
    """One SQL file: its name without folder, and its text."""

    name: str
    text: str

    @property
    def object_name(self) -> str:
        """What a view's file defines: `<order>_<schema>.<view>.sql` is `<schema>.<view>`."""
        return self.name.partition("_")[2].removesuffix(".sql")

    @property
    def earlier(self) -> frozenset[str]:
        """sha256 of earlier texts of a migration that left databases as good as this one does."""
        return frozenset(_ALSO_APPLIED_AS.findall(self.text))


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
    """Functions and grants, in the order in which they build upon each other."""
    return _folder("functions")


def views() -> list[SqlFile]:
    """Readers' views, one a file (`<order>_<schema>.<view>.sql`), in the order of their need."""
    return _folder("views")


def statements(beginning: str) -> list[str]:
    """Texts of the statements whose names begin so, in the order of their names."""
    return [file.text for file in _folder("statements") if file.name.startswith(beginning)]


@cache
def statement(name: str) -> str:
    """Text of `statements/<name>.sql`. Raises FileNotFoundError for an unknown name."""
    return files("sql").joinpath("statements", f"{name}.sql").read_text("utf-8")
