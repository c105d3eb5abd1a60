"""`onemap run`: progress while it works, and a closing table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.text import Text

from cli.language import Words
from cli.output import Answer, Column, errors, tell
from cli.words import CHANGES, OUTCOMES, SOURCE, changes
from flows.job import Progress, RefreshResult, SourceOutcome
from flows.opening import open_job
from geo.errors import PrefectUnreachable
from geo.settings import from_environment
from schemas.catalogue import load_catalogue

COLUMNS = [
    SOURCE,
    Column("told", Words("ผล", "outcome")),
    Column("rows_in", Words("แถว\nเข้า", "rows\nin"), number=True),
    Column("published", Words("เผย\nแพร่", "pub-\nlished"), number=True),
    Column("quarantined", Words("กัก\nไว้", "quaran-\ntined"), number=True),
    Column("filtered", Words("คัด\nออก", "fil-\ntered"), number=True),
    Column("at_area", Words("ที่\nพื้นที่", "at an\narea"), number=True),
    Column("repaired", Words("ซ่อม", "re-\npaired"), number=True),
    Column("warnings", Words("เตือน", "warn-\nings"), number=True),
    CHANGES,
]
BECAUSE = Words("{source}: อ่านใหม่เพราะ: {why}", "{source}: read again because: {why}")
REASON = Words("{source}: {outcome}: {reason}", "{source}: {outcome}: {reason}")
DECIDE = Words(*2 * ("  onemap approve {run} --map {map} --by NAME --reason TEXT",))
HOW_TO_REPORT = Words(
    "  เป็นความขัดข้องของ One Map ไม่ใช่ความผิดของข้อมูล ข้อมูลดีชุดล่าสุดยังอยู่บนแผนที่"
    " โปรดส่งบรรทัดข้างบนให้ผู้ดูแล One Map",
    "  a fault of One Map, not of the delivery: the last good rows stay on the map; "
    "send the line above to those who maintain One Map",
)
NO_RELEASE = Words("ไม่ได้เผยแพร่รุ่นใหม่: ระบบขัดข้อง: {fault}", "no release was made: fault: {fault}")
PUBLISHED = Words("เผยแพร่รุ่น {release} แล้ว: {folder}", "Release {release} is published: {folder}")
NOTHING_NEW = Words("ไม่มีอะไรเปลี่ยน จึงไม่มีรุ่นใหม่", "Nothing changed: no new release.")
WOULD_PUBLISH = Words(
    "เป็นเพียงการลอง ไม่ได้บันทึกสิ่งใด หากสั่งจริงจะเผยแพร่รุ่นใหม่",
    "A dry run: nothing was written. The run itself would publish a new release.",
)
WOULD_NOT = Words(
    "เป็นเพียงการลอง ไม่ได้บันทึกสิ่งใด หากสั่งจริงก็จะไม่มีรุ่นใหม่",
    "A dry run: nothing was written. The run itself would publish nothing new.",
)
NO_SOURCES = Words("แผนที่นี้ไม่มีแหล่งข้อมูล", "The map has no sources.")
STARTING = Words("กำลังเริ่ม", "starting")


def refresh(
    map_id: str,
    drops: Path | None,
    only: list[str] | None = None,
    *,
    again: bool = False,
    answer: Answer | None = None,
) -> int:
    """Refreshes a map, or `only` some of its sources, and prints what came of it.

    `again`: what stands is read anew, too. Returns the exit code.
    """
    answer = answer or Answer()
    if _has_server():
        result = _through_prefect(map_id, drops, only, again)
    else:
        result = _shown(answer, lambda progress: _refreshed(map_id, drops, only, again, progress))
    if not all(source.stands for source in result.sources):
        _say_walls(answer)
    print_outcomes(result, map_id, answer)
    return result.exit_code


def _say_walls(answer: Answer) -> None:
    """What stood around the reader; to try it takes a process, and where nothing was read, none
    had to stand.
    """
    from geo.read import walls

    sentence = walls(from_environment().required_walls).sentence()
    _say(getattr(sentence, answer.language))


def preview(
    map_id: str,
    drops: Path | None,
    only: list[str] | None = None,
    *,
    again: bool = False,
    answer: Answer | None = None,
) -> int:
    """Prints what `refresh` would come to; nothing is written. Returns the exit code."""
    answer = answer or Answer()
    result = _shown(answer, lambda progress: _previewed(map_id, drops, only, again, progress))
    if answer.as_json:
        answer.json(_whole(result, map_id) | {"dry_run": True, "changes": _would_publish(result)})
        return result.exit_code
    _print_sources(result, map_id, answer)
    answer.say(WOULD_PUBLISH if _would_publish(result) else WOULD_NOT)
    return result.exit_code


def print_outcomes(result: RefreshResult, map_id: str, answer: Answer | None = None) -> None:
    """The closing table, what waits for a person, and the release; as JSON all of it at once."""
    answer = answer or Answer()
    if answer.as_json:
        answer.json(_whole(result, map_id))
        return
    _print_sources(result, map_id, answer)
    if result.fault:
        _say(NO_RELEASE.said(answer.language, fault=result.fault))
        _say(HOW_TO_REPORT.said(answer.language))
    elif result.release:
        folder = _short(result.release.folder)
        answer.say(PUBLISHED, release=result.release.number, folder=folder)
    else:
        answer.say(NOTHING_NEW)


def _print_sources(result: RefreshResult, map_id: str, answer: Answer) -> None:
    rows = [_row(source, answer) for source in result.sources]
    if rows:
        answer.table(COLUMNS, rows, tight=True)
    else:
        answer.say(NO_SOURCES)
    for source in result.sources:
        _say_why(source, map_id, answer)


def _say_why(source: SourceOutcome, map_id: str, answer: Answer) -> None:
    """Why it was read again, and why it is not simply accepted; who has to do what."""

    def say(words: Words, **values: Any) -> None:
        _say(words.said(answer.language, **values))

    if source.because:
        say(BECAUSE, source=source.source_id, why=source.because)
    if not source.reason or source.outcome == "unchanged":
        return
    reason = getattr(_facts(source)["reason"], answer.language)
    outcome = OUTCOMES[source.outcome].said(answer.language)
    say(REASON, source=source.source_id, outcome=outcome, reason=reason)
    if source.outcome == "held" and source.run_id is not None:
        say(DECIDE, run=source.run_id, map=map_id)
    elif source.outcome == "fault":
        say(HOW_TO_REPORT)


def _row(source: SourceOutcome, answer: Answer) -> dict[str, Any]:
    """A line of the closing table."""
    outcome = OUTCOMES[source.outcome].said(answer.language)
    told = Text(outcome, style="bold red") if source.outcome == "fault" else outcome
    return _facts(source) | {"told": told, "changes": changes(_features(source))}


def _whole(result: RefreshResult, map_id: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "map": map_id,
        "release": result.release.number if result.release else None,
        "folder": str(result.release.folder) if result.release else None,
        "fault": result.fault,
        "sources": [_facts(source) | _features(source) for source in result.sources],
        "exit_code": result.exit_code,
    }


def _facts(source: SourceOutcome) -> dict[str, Any]:
    reason = Words(source.reason_th or source.reason, source.reason) if source.reason else None
    counts = ("rows_in", "published", "quarantined", "filtered", "at_area", "repaired", "warnings")
    return {
        "source": source.source_id,
        "layer": source.layer_id,
        "outcome": source.outcome,
        "reason": reason,
        "run": source.run_id,
        **{name: getattr(source, name) for name in counts},
        "seconds": round(source.seconds, 1),
        "because": source.because,
    }


def _features(source: SourceOutcome) -> dict[str, int | None]:
    counts = ("added", "changed", "removed")
    return {f"features_{name}": getattr(source, name) for name in counts}


def _would_publish(result: RefreshResult) -> bool:
    return any(any(_features(source).values()) for source in result.sources)


def _short(folder: Path) -> Path:
    """A path as short as it can be typed here."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _has_server() -> bool:
    """Whether a Prefect server watches; one that is away does not keep the map from its data."""
    if not os.environ.get("PREFECT_API_URL"):
        return False
    from flows.serving import require_server

    try:
        require_server()
    except PrefectUnreachable as error:
        _say(f"working without Prefect: {error}")
        return False
    return True


def _shown(answer: Answer, work: Callable[[Progress], RefreshResult]) -> RefreshResult:
    """Does the work; its progress is one changing line on a terminal, and lines elsewhere."""
    if not errors.is_terminal:
        return work(tell)
    with errors.status(STARTING.said(answer.language)) as status:
        return work(lambda words: status.update(escape(words)))


def _refreshed(
    map_id: str, drops: Path | None, only: list[str] | None, again: bool, progress: Progress
) -> RefreshResult:
    job = open_job(from_environment(), map_id, drops, progress)
    from flows.pipeline import refresh as refresh_now  # slow: what is missing is said before

    return refresh_now(job, only=only, again=again)


def _previewed(
    map_id: str, drops: Path | None, only: list[str] | None, again: bool, progress: Progress
) -> RefreshResult:
    from flows.previewing import open_preview
    from flows.previewing import preview as look_ahead

    with open_preview(from_environment(), map_id, drops, progress) as job:
        return look_ahead(job, only=only, again=again)


def _through_prefect(
    map_id: str, drops: Path | None, only: list[str] | None, again: bool
) -> RefreshResult:
    load_catalogue().map_view(map_id)  # one that is not declared is no flow run
    from flows.run_states import RefreshFailed
    from flows.scheduled import refresh_map

    folder = str(drops) if drops else None
    state = refresh_map(map_id, folder, only, again, return_state=True)
    result = state.result(raise_on_failure=False)
    if isinstance(result, RefreshFailed):
        return result.result
    if isinstance(result, Exception):
        raise result
    assert isinstance(result, RefreshResult)
    return result


def _say(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)
