"""`onemap status`: how each source stands; with `--check`, one line for a monitor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import Words
from cli.opening import open_map
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column, few
from cli.words import OUTCOMES, SOURCE

if TYPE_CHECKING:
    from flows.health import Health
    from geo.store.sources import SourceState

PROBLEMS: Mapping[str, Words] = {
    "fault": Words("ระบบขัดข้อง", "fault"),
    "unpublished": Words("ยังไม่ได้เผยแพร่", "not published"),
    "unseen": Words("ไม่มีใครตรวจตามกำหนด", "nobody looks"),
    "unreachable": Words("ติดต่อไม่ได้", "unreachable"),
    "refused": Words("ไม่รับ", "refused"),
    "incomplete": Words("มาไม่ครบ", "incomplete"),
    "held": Words("รอตัดสิน", "held"),
    "late": Words("เลยกำหนด", "late"),
    "never": Words("ยังไม่เคยตรวจ", "never looked at"),
}
COLUMNS = [
    SOURCE,
    Column("outcome", Words("ผลล่าสุด", "last look"), words=OUTCOMES),
    Column("looked_at", Words("ตรวจเมื่อ", "looked at")),
    Column("fetched_at", Words("ได้ข้อมูลเมื่อ", "last good"), day=True),
    Column("age_days", Words("อายุ\n(วัน)", "days\nold"), number=True),
    Column("promised_days", Words("สัญญาไว้\n(วัน)", "days\npromised"), number=True),
    Column("problems", Words("ที่ต้องดู", "look at"), words=PROBLEMS),
]
NOTHING = Words("แผนที่นี้ไม่มีแหล่งข้อมูล", "The map has no sources.")
REASON = Words("{source}: {outcome}: {reason}", "{source}: {outcome}: {reason}")
WAITING = Words(
    "รอการตัดสินใจ: {count} (onemap holds --map {map})",
    "waiting for a decision: {count} (onemap holds --map {map})",
)
_MANY = 4
LEVELS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
CHECKED = Words(*2 * ("ONEMAP {level} - {map}: {words}{counts}",))
SUMMARY = Words("ปกติ {well} จาก {all} แหล่ง", "{well} of {all} sources are well")


def status(
    map_id: MapOption = "sample",
    check: Annotated[
        bool, typer.Option("--check", help="One line for a monitor, and an exit code.")
    ] = False,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Say how each source stands: its last look, its last good date, and what waits.

    Exit codes with --check, as Nagios and others know them: 0 all is well; 1 somebody is needed
    (held, late, refused, incomplete or unreachable); 2 One Map does not work (a fault, a release
    that was not made, or nobody looks at the sources any more); 3 it cannot be told.
    """
    answer = Answer(as_json, lang)
    if check:
        raise typer.Exit(_check(map_id, answer))
    states, found = _look(map_id)
    answer.rows(COLUMNS, [_row(state, found) for state in states], NOTHING)
    if not as_json:
        _say_more(states, map_id, answer)


def _look(map_id: str) -> tuple[list[SourceState], Health]:
    """Every source of the map as it is declared, in the order in which they are taken in."""
    from flows.health import health
    from geo.store.sources import source_states

    job = open_map(map_id)
    order = [source.id for source in job.view.sources]
    states = sorted(source_states(job.engine), key=lambda state: order.index(state.source_id))
    return states, health(states, job.view.sources, datetime.now(UTC))


def _row(state: SourceState, found: Health) -> dict[str, Any]:
    return {
        "source": state.source_id,
        "layer": state.layer_id,
        "title": Words(state.title_th, state.title_en),
        "outcome": state.outcome,
        "reason": _reason(state),
        "looked_at": state.looked_at,
        "rows_on_map": state.rows_on_map,
        "last_good_at": state.last_good_at,
        "fetched_at": state.fetched_at,
        "content_date": state.content_date,
        "age_days": state.age_days,
        "promised_days": state.promise_days,
        "late": state.late,
        "holds": state.holds,
        "problems": found.of(state.source_id),
    }


def _reason(state: SourceState) -> Words | None:
    return Words(state.reason_th or state.reason, state.reason) if state.reason else None


def _say_more(states: Sequence[SourceState], map_id: str, answer: Answer) -> None:
    """Under the table: why, of what is not plainly well, and what waits."""
    for state in states:
        outcome = OUTCOMES.get(state.outcome or "")
        if (reason := _reason(state)) and outcome:
            answer.say(REASON, source=state.source_id, outcome=outcome, reason=reason)
    if waiting := sum(len(state.holds) for state in states):
        answer.say(WAITING, count=waiting, map=map_id)


def _check(map_id: str, answer: Answer) -> int:
    """One line for a monitor; whatever keeps it from being told is that line, too."""
    try:
        states, found = _look(map_id)
    except Exception as error:  # noqa: BLE001  a monitor is told that nothing is known
        words = " ".join(str(error).split()) or type(error).__name__
        return _tell(answer, map_id, 3, words, {})
    wrong = {name: sources for name, sources in found.problems.items() if sources}
    said = "; ".join(
        f"{PROBLEMS[name].said(answer.language)}: {few(sources, _MANY)}"
        for name, sources in wrong.items()
    )
    bad = {source for sources in wrong.values() for source in sources}
    well = SUMMARY.said(answer.language, well=len(states) - len(bad), all=len(states))
    return _tell(answer, map_id, found.level, f"{well}; {said}" if said else well, found.problems)


def _tell(
    answer: Answer, map_id: str, level: int, words: str, problems: Mapping[str, Sequence[str]]
) -> int:
    name = LEVELS[level]
    if answer.as_json:
        answer.json({"map": map_id, "status": name, "says": words, "problems": problems})
    else:
        counts = " ".join(f"{problem}={len(sources)}" for problem, sources in problems.items())
        answer.say(
            CHECKED, level=name, map=map_id, words=words, counts=f" | {counts}" if counts else ""
        )
    return level
