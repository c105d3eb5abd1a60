"""`onemap upgrade`: what new code would change on a map, and one decision on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import Words
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column, errors, tell
from cli.words import SOURCE

if TYPE_CHECKING:
    from flows.upgrading import Change

COLUMNS = [
    SOURCE,
    Column("rows_before", Words("แถวเดิม", "rows"), number=True),
    Column("rows_now", Words("ตอนนี้", "now"), number=True),
    Column("rows_lost", Words("หายไป", "lost"), number=True),
    Column("rows_added", Words("เพิ่ม", "more"), number=True),
    Column("ids_changed", Words("รหัส\nเปลี่ยน", "other\nids"), number=True),
    Column("moved", Words("ย้าย\nที่", "moved"), number=True),
    Column("largest_move_m", Words("ไกลสุด\n(ม.)", "by up to\n(m)"), number=True),
    Column("values", Words("ค่าที่เปลี่ยน", "values changed")),
]
WOULD_READ = Words(
    "{map}: {source} จะอ่านใหม่เพราะ: {why}",
    "{map}: {source} would be read again because: {why}",
)
STANDS = Words(
    "{map}: ทุกอย่างยังใช้ได้ ไม่ต้องอ่านอะไรใหม่",
    "{map}: everything stands; an upgrade reads nothing again.",
)
REFUSED = Words("ไม่รับ: {reason}", "refused: {reason}")


def upgrade(
    map_id: MapOption = "sample",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would change; write nothing.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Read again what new code or declarations touch; one decision covers what it changes."""
    answer = Answer(as_json, lang)
    code = _preview(map_id, answer) if dry_run else _upgrade(map_id, by, reason, answer)
    raise typer.Exit(code)


def _preview(map_id: str, answer: Answer) -> int:
    from flows.opening import open_review
    from flows.upgrading import preview
    from geo.settings import from_environment

    rows: list[Mapping[str, Any]] = []
    for change in preview(open_review(from_environment(), map_id)):
        rows.append(_row(change, answer))
        why = {"map": map_id, "source": change.source_id, "why": change.because}
        _say(WOULD_READ.said(answer.language, **why))
    if rows or answer.as_json:
        answer.rows(COLUMNS, rows, STANDS)
    else:
        answer.say(STANDS, map=map_id)
    return os.EX_OK


def _row(change: Change, answer: Answer) -> dict[str, Any]:
    from geo.states import Refusal

    row = {"source": change.source_id, "because": change.because}
    found = change.gives
    if isinstance(found, Refusal):
        reason = getattr(found.message, answer.language)
        return row | {
            "refused": found.message,
            "values": REFUSED.said(answer.language, reason=reason),
        }
    values = [f"{name} {count}" for name, count in found.values_changed.items()]
    far = found.largest_move_m if isfinite(found.largest_move_m) else None  # JSON has no infinity
    return row | vars(found) | {"largest_move_m": far, "values": values}


def _upgrade(map_id: str, by: str, reason: str, answer: Answer) -> int:
    from cli.refreshing import print_outcomes
    from flows.opening import open_review
    from flows.upgrading import upgrade as upgrade_now
    from geo.settings import from_environment

    job = open_review(from_environment(), map_id, tell)
    result = upgrade_now(job, by=by, reason=reason)
    print_outcomes(result, map_id, answer)
    return result.exit_code


def _say(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)
