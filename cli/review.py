"""Deliveries that wait for a person: list, approve, reject."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.language import Words
from cli.opening import open_map
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column
from cli.words import RUN, SOURCE, in_both


def _not_blank(words: str) -> str:
    if not words.strip():
        raise typer.BadParameter("it is blank; decisions are kept with a name and a reason")
    return words.strip()


Run = Annotated[int, typer.Argument(help="Number of the held run, from `onemap holds`.")]
By = Annotated[str, typer.Option(help="Who decides.", prompt="Who decides", callback=_not_blank)]
Reason = Annotated[str, typer.Option(help="Why.", prompt="Why", callback=_not_blank)]


COLUMNS = [
    RUN,
    SOURCE,
    Column("since", Words("ตั้งแต่", "since")),
    Column("rows_in", Words("แถวเข้า", "rows in"), number=True),
    Column("reason", Words("เหตุผล", "reason")),
    Column("errors", Words("ผิดพลาด", "errors")),
]
NOTHING = Words("ไม่มีรายการที่รอ", "Nothing waits.")
REJECTED = Words(
    "ปฏิเสธรอบ {run} ของ {source} แล้ว แผนที่ยังเป็นอย่างเดิม",
    "Run {run} of {source} is rejected; the map stays as it is.",
)
MORE = Words(
    "รายละเอียดของแต่ละรอบ: onemap show RUN --map {map} (หรือ issues RUN, quarantine RUN)",
    "more of each: onemap show RUN --map {map} (or issues RUN, quarantine RUN)",
)


def holds(
    map_id: MapOption = "sample", as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """List the deliveries that wait for a decision: why, and which errors they have."""
    from geo.store.reading import told_holds

    waiting = [in_both(row, "reason") for row in told_holds(open_map(map_id).engine)]
    told = waiting if as_json else [row | {"errors": _errors(row["issues"])} for row in waiting]
    answer = Answer(as_json, lang)
    answer.rows(COLUMNS, told, NOTHING)
    if told and not as_json:
        answer.say(MORE, map=map_id)


def _errors(issues: list[dict[str, Any]]) -> list[str]:
    """`key_missing 24`: each kind of error and how often it is there."""
    return [
        f"{issue['code']} {issue['count']:,}" for issue in issues if issue["severity"] == "error"
    ]


def approve(
    run: Run,
    by: By,
    reason: Reason,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Let a held delivery through as it was seen, and publish it."""
    from cli.refreshing import print_outcomes
    from flows.deciding import approve as let_through
    from flows.telling.told import tell

    job = open_map(map_id)
    result = let_through(job, run, by=by, reason=reason)
    print_outcomes(result, map_id, Answer(as_json, lang))
    tell(job, result)
    raise typer.Exit(result.exit_code)


def reject(
    run: Run,
    by: By,
    reason: Reason,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Turn a held delivery away; its bytes do not come back."""
    from flows.deciding import reject as turn_away

    hold = turn_away(open_map(map_id), run, by=by, reason=reason)
    told = {"run": run, "source": hold.source_id}
    answer = Answer(as_json, lang)
    if as_json:
        answer.json(told | {"outcome": "rejected"})
    else:
        answer.say(REJECTED, **told)
