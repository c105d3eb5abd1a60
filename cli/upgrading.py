"""`onemap upgrade`: what new code would change on a map, and one decision on it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import MapOption
from cli.output import console, errors, print_table

if TYPE_CHECKING:
    from flows.upgrading import Change

_NUMBERS = ["rows", "now", "lost", "more", "other ids", "moved", "by up to (m)"]


def upgrade(
    map_id: MapOption = "sample",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would change; write nothing.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Read again what new code or declarations touch; one decision covers what it changes."""
    raise typer.Exit(_preview(map_id) if dry_run else _upgrade(map_id, by, reason))


def _preview(map_id: str) -> int:
    from flows.opening import open_review
    from flows.upgrading import preview
    from geo.settings import from_environment

    changes: list[Change] = []
    for change in preview(open_review(from_environment(), map_id)):
        changes.append(change)
        _say(f"{map_id}: {change.source_id} would be read again because: {change.because}")
    if not changes:
        console.print(f"{map_id}: everything stands; an upgrade reads nothing again.")
        return os.EX_OK
    print_table(
        ["source", *_NUMBERS, "values changed"], [_line(change) for change in changes], _NUMBERS
    )
    return os.EX_OK


def _line(change: Change) -> list[str]:
    from geo.states import Refusal

    found = change.gives
    if isinstance(found, Refusal):
        return [change.source_id, *[""] * len(_NUMBERS), f"refused: {found.message.en}"]
    values = ", ".join(f"{name} {count}" for name, count in found.values_changed.items())
    numbers = [
        found.rows_before,
        found.rows_now,
        found.rows_lost,
        found.rows_added,
        found.ids_changed,
        found.moved,
    ]
    return [
        change.source_id,
        *(f"{number:,}" for number in numbers),
        f"{found.largest_move_m:,.1f}",
        values,
    ]


def _upgrade(map_id: str, by: str, reason: str) -> int:
    from cli.refreshing import print_outcomes
    from flows.opening import open_review
    from flows.upgrading import upgrade as upgrade_now
    from geo.settings import from_environment

    job = open_review(from_environment(), map_id, _say)
    result = upgrade_now(job, by=by, reason=reason)
    print_outcomes(result, map_id)
    return result.exit_code


def _say(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)
