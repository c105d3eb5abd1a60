"""How the command line speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from geo.values.visible import visible_lines

console = Console()
errors = Console(stderr=True)

_NARROWEST = 120
"""Columns of a table that goes into a file or a pipe."""


def print_table(
    titles: Sequence[str], rows: Sequence[Sequence[str | Text]], numbers: Sequence[str] = ()
) -> None:
    """A table; the columns named in `numbers` are set flush right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        right = title in numbers
        table.add_column(title, justify="right" if right else "left", no_wrap=right)
    for row in rows:
        table.add_row(*map(_plain, row))
    if console.is_terminal:
        console.print(table)
    else:
        Console(width=_NARROWEST).print(table)


def _plain(cell: str | Text) -> Text:
    """A cell may hold an agency's words: no markup of ours, and nothing that moves a terminal."""
    return cell if isinstance(cell, Text) else Text(visible_lines(cell))
