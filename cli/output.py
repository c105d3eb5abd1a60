"""How the command line speaks: results on standard output, everything else on standard error.

A command that lists something has rows (one mapping each) and columns (which of their values are
shown, under which title). `Answer` prints them, for a person or for a program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.language import Language, Words, spoken
from geo.values.visible import visible_json, visible_lines

console = Console()
errors = Console(stderr=True)

LOCAL_TIME = ZoneInfo("Asia/Bangkok")
"""Zone of the times that people read; programs get UTC."""

_WIDTH = 100
"""Columns of a table that goes into a file or a pipe; every table of a city fits into it."""


@dataclass(frozen=True)
class Column:
    """A value of each row: its key (that in JSON too) and its title.

    Numbers go flush right. Of a time that is a `day`, people read the day. What is typed again, an
    id, stays `whole`: it is never broken, and of several each has a line. `words` says for people
    what a value is called that programs read as it is.
    """

    key: str
    title: Words
    number: bool = False
    day: bool = False
    whole: bool = False
    words: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a command answers with: JSON, or text in Thai or English (`asked`, else the locale's).

    Values of rows may be None, numbers, texts, `Words` (or anything with `th` and `en`), dates,
    aware times, and lists of these.
    """

    as_json: bool = False
    asked: Language | None = None

    @property
    def language(self) -> Language:
        """The language that people are answered in."""
        return spoken(self.asked)

    def rows(
        self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], nothing: Words
    ) -> None:
        """A table, or the sentence `nothing`; as JSON a list of the rows with all their keys."""
        if self.as_json:
            self.json(list(rows))
        elif rows:
            self.table(columns, rows)
        else:
            self.say(nothing)

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Mapping[str, Any]],
        *,
        tight: bool = False,
    ) -> None:
        """A table for people; `tight` where there are many columns."""
        table = Table(
            box=box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 0) if tight else (0, 1, 0, 0),
        )
        for column in columns:
            table.add_column(
                column.title.said(self.language),
                justify="right" if column.number else "left",
                no_wrap=column.number or column.whole,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(_plain(self._told(one, row.get(one.key))) for one in columns))
        _print(table)

    def say(self, words: Words, /, **values: Any) -> None:
        """A sentence for people, with its values."""
        shown = {name: visible_lines(str(self._cell(value))) for name, value in values.items()}
        text = words.said(self.language, **shown)
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    def title(self, words: Words | str) -> None:
        """A heading between tables."""
        text = visible_lines(str(self._cell(words)))
        console.print(f"\n{text}", style="bold", markup=False, highlight=False)

    def json(self, value: Any) -> None:
        """A value for programs: keys as they are, times in UTC."""
        text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain_json)
        print(visible_json(text))

    def _told(self, column: Column, value: Any) -> str | Text:
        if isinstance(value, list | tuple | frozenset):
            between = "\n" if column.whole else ", "
            return between.join(str(self._told(column, part)) for part in value)
        if column.day and isinstance(value, datetime):
            return f"{value.astimezone(LOCAL_TIME):%Y-%m-%d}"
        if column.number and isinstance(value, int):
            return f"{value:,}"
        named = column.words.get(value) if isinstance(value, str) else None
        return self._cell(named or value)

    def _cell(self, value: Any) -> str | Text:
        if isinstance(value, Text):
            return value
        if value is None:
            return ""
        if isinstance(value, datetime):
            return f"{value.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M}"
        if isinstance(value, float):
            return f"{value:,.1f}"
        return str(getattr(value, self.language, value))


def few(values: Sequence[object], most: int) -> str:
    """The first of them on one line, and how many more there are."""
    more = f" +{len(values) - most:,}" if len(values) > most else ""
    return ", ".join(map(str, values[:most])) + more


def tell(words: str) -> None:
    """What is being done, on standard error; off a terminal each line has its time."""
    time = "" if errors.is_terminal else f"{datetime.now(LOCAL_TIME):%H:%M:%S} "
    errors.print(f"{time}{words}", markup=False, highlight=False, soft_wrap=True)


def _print(table: Table) -> None:
    """On a terminal as wide as that is; elsewhere of one width, without blanks at line ends."""
    if console.is_terminal:
        console.print(table)
        return
    written = Console(width=_WIDTH, file=StringIO())
    with written.capture() as lines:
        written.print(table)
    print("\n".join(line.rstrip() for line in lines.get().splitlines()), flush=True)


def _plain(cell: str | Text) -> Text:
    """A cell may hold an agency's words: no markup of ours, and nothing that moves a terminal."""
    return cell if isinstance(cell, Text) else Text(visible_lines(cell))


def _plain_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value) if isinstance(value, UUID) else int(value)
    return {"th": value.th, "en": value.en}
