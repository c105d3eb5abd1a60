"""What a check of `onemap doctor` is given, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from cli.language import Words
from geo.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine


class State(IntEnum):
    """How a thing is; the number is what the command exits with if nothing is worse."""

    ok = 0
    warn = 1
    bad = 2


@dataclass(frozen=True)
class Finding:
    """How one thing is, in words, and what to do if it is not well. Values are in the words."""

    name: str
    state: State
    words: Words
    advice: Words | None = None


@dataclass(frozen=True)
class Subject:
    """An installation and one of its maps. Looking at it starts and makes nothing."""

    settings: Settings
    map_id: str

    @cached_property
    def engine(self) -> Engine:
        """The map's database, wherever it lies; whether it answers is not known yet."""
        from geo.store.database import open_engine
        from server.cluster import database_url

        return open_engine(database_url(self.settings, self.map_id))


Check = Callable[[Subject], Finding]


def ok(name: str, th: str, en: str) -> Finding:
    """All is well."""
    return Finding(name, State.ok, Words(th, en))


def warn(name: str, words: Words, advice: Words) -> Finding:
    """It works, and somebody should look."""
    return Finding(name, State.warn, words, advice)


def bad(name: str, words: Words, advice: Words) -> Finding:
    """Something does not work, or is not safe."""
    return Finding(name, State.bad, words, advice)
