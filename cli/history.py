"""What happened: `onemap runs`, `show`, `issues` and `quarantine`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import Words
from cli.opening import open_map, require_source
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column, few
from cli.words import CHANGES, OUTCOMES, RESPONSIBLE, RUN, SEVERITIES, SOURCE, changes, in_both

if TYPE_CHECKING:
    from flows.job import Job
    from geo.store.reading import Row
    from schemas.models import Source

MOST_SHOWN = 50
"""Issues or rows that people are shown where they ask for no number; programs get all."""
MOST_NUMBERS = 12
"""Row numbers of one kind of issue that people are shown."""

SourceOption = Annotated[str | None, typer.Option("--source", help="Of this source alone.")]
Asked = Annotated[
    str, typer.Argument(metavar="SOURCE|RUN", help="A run's number, or a source: its latest one.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many.")]

OUTCOME = Column("outcome", Words("ผล", "outcome"), words=OUTCOMES)
ROW = Column("row", Words("แถวที่", "row"), number=True)
SEVERITY = Column("severity", Words("ระดับ", "severity"), words=SEVERITIES)
CODE = Column("code", Words("รหัสปัญหา", "code"))
COLUMN = Column("column", Words("ช่องข้อมูล", "column"))
RUNS = [
    RUN,
    SOURCE,
    OUTCOME,
    Column("started_at", Words("เริ่มเมื่อ", "started at")),
    Column("rows_in", Words("แถวเข้า", "rows in"), number=True),
    Column("rows_published", Words("เผยแพร่", "published"), number=True),
    CHANGES,
    Column("release", Words("รุ่น", "release"), number=True),
]
COUNTED = [
    SEVERITY,
    CODE,
    COLUMN,
    Column("responsible", Words("ผู้แก้", "who mends it"), words=RESPONSIBLE),
    Column("count", Words("จำนวน", "count"), number=True),
    Column("few", Words("แถวที่", "rows")),
]
ISSUES = [ROW, SEVERITY, CODE, COLUMN, Column("message", Words("รายละเอียด", "message"))]
QUARANTINED = [
    ROW,
    Column("codes", Words("รหัสปัญหา", "codes")),
    Column("told", Words("ตามที่ส่งมา", "as delivered")),
]

ABOUT = ("run", "source", "layer", "outcome", "started_at", "details_pruned_at")
NO_RUNS = Words("ยังไม่มีรอบการนำเข้า", "There are no runs yet.")
NO_ISSUES = Words("ไม่พบปัญหา", "Nothing was wrong.")
NONE_OF_CODE = Words("รอบนี้ไม่มีปัญหารหัสนั้น", "No issue of this run has that code.")
NO_ROWS = Words("ไม่มีแถวที่กักไว้", "No row is quarantined.")
PRUNED = Words(
    "ปัญหาและแถวที่กักไว้ของรอบนี้ถูกลบตามอายุเมื่อ {at}",
    "issues and quarantined rows of this run were pruned, {at}",
)
MORE = Words("และอีก {count} รายการ (--limit)", "and {count} more (--limit)")
HEAD = Words("รอบ {run} ของ {source}: {outcome} {at}", "Run {run} of {source}: {outcome}, {at}")
COUNTS = Words(
    "แถว: เข้า {rows_in} = เผยแพร่ {rows_published} + กักไว้ {rows_quarantined}"
    " + คัดออก {rows_filtered}",
    "rows: {rows_in} in = {rows_published} published + {rows_quarantined} quarantined"
    " + {rows_filtered} filtered",
)
OF_THESE = Words(
    "ในจำนวนนี้วางไว้ระดับพื้นที่ {rows_at_area} ซ่อมแล้ว {rows_repaired}",
    "of these at an area {rows_at_area}, repaired {rows_repaired}",
)
FEATURES = Words(
    "สิ่งบนแผนที่: เพิ่ม {added} เปลี่ยน {changed} หายไป {removed} ในรุ่น {release}",
    "features: {added} added, {changed} changed, {removed} removed, in release {release}",
)
WHICH = Words(*2 * ("  onemap diff {before} {release} --source {source} --map {map}",))
FILTERED = Words("คัดออก {count}: {reason}", "filtered {count}: {reason}")
REASON = Words("เหตุผล: {reason}", "reason: {reason}")
DECIDED = Words("{by} ตัดสินเมื่อ {at}: {reason}", "decided by {by}, {at}: {reason}")
WAITS = Words(
    "รอการตัดสินใจ: onemap approve {run} --map {map} (หรือ reject {run})",
    "it waits for a decision: onemap approve {run} --map {map} (or reject {run})",
)
SEEN = Words("สิ่งที่ด่านตรวจเห็น", "What the gate saw")
LINEAGE = Words("ที่มาของข้อมูล", "Lineage")
WRONG = Words("ปัญหา", "Issues")


def runs(
    source: SourceOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """List the runs, the newest first: outcome, rows, and what they changed on the map."""
    from geo.store.reading import listed_runs

    job = open_map(map_id)
    if source is not None:
        require_source(job, source)
    found = listed_runs(job.engine, source, limit)
    rows = [in_both(row, "reason") for row in found]
    told = rows if as_json else [row | {"changes": changes(row)} for row in rows]
    Answer(as_json, lang).rows(RUNS, told, NO_RUNS)


def show(
    run: Asked, map_id: MapOption = "sample", as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """Show one run: counts, what the gate saw, lineage, and what was wrong in which rows."""
    from cli.evidence import told_evidence
    from geo.store.reading import counted_issues, shown_run

    job = open_map(map_id)
    number = _run_of(job, run)
    found = in_both(shown_run(job.engine, number), "reason")
    issues = counted_issues(job.engine, number)
    answer = Answer(as_json, lang)
    if as_json:
        answer.json(found | {"issues": issues})
        return
    _tell_run(found | {"map": map_id}, answer)
    for title, part in ((SEEN, found["evidence"]), (LINEAGE, found["lineage"])):
        if part:
            answer.title(title)
            told_evidence(part, answer)
    if issues:
        answer.title(WRONG)
        answer.table(
            COUNTED, [issue | {"few": few(issue["rows"], MOST_NUMBERS)} for issue in issues]
        )


def issues(
    run: Asked,
    code: Annotated[str | None, typer.Option(help="Of this code alone.")] = None,
    limit: LimitOption = None,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """List what was wrong in a run, row by row; also in one that was held or refused."""
    from geo.store.reading import run_issues
    from schemas.source_columns import personal_names

    job, found, source = _asked(map_id, run)
    personal = personal_names(source, job.view.layer(source.layer)) if source else ()
    rows = [in_both(row, "message") for row in run_issues(job.engine, found["run"], code, personal)]
    nothing = NONE_OF_CODE if code else NO_ISSUES
    _answer_rows(Answer(as_json, lang), found, "issues", ISSUES, rows, nothing, limit)


def quarantine(
    run: Asked,
    limit: LimitOption = None,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """List the rows of a run that have an error, as delivered: declared columns, none personal."""
    from geo.store.reading import quarantined_rows
    from schemas.source_columns import showable_columns

    job, found, source = _asked(map_id, run)
    columns = showable_columns(source, job.view.layer(source.layer)) if source else ()
    order = found["lineage"].get("reader", {}).get("columns", [])
    rows = [
        row | {"values": {name: row["values"][name] for name in order if name in row["values"]}}
        for row in quarantined_rows(job.engine, found["run"], columns)
    ]
    told = rows if as_json else [row | {"told": _values(row["values"])} for row in rows]
    _answer_rows(Answer(as_json, lang), found, "rows", QUARANTINED, told, NO_ROWS, limit)


def _asked(map_id: str, run: str) -> tuple[Job, Row, Source | None]:
    """The map, the run that is asked for, and its source if that is still declared."""
    from geo.store.reading import shown_run

    job = open_map(map_id)
    found = shown_run(job.engine, _run_of(job, run))
    return job, found, _declared(job, found["source"])


def _answer_rows(
    answer: Answer,
    found: Row,
    name: str,
    columns: list[Column],
    rows: list[Row],
    nothing: Words,
    limit: int | None,
) -> None:
    """Which run it is, and its rows; people are shown the first."""
    if answer.as_json:
        about = {key: found[key] for key in ABOUT}
        answer.json(about | {"count": len(rows), name: rows[:limit]})
        return
    answer.say(HEAD, **_head(found))
    shown = rows[: limit or MOST_SHOWN]
    if found["details_pruned_at"]:
        answer.say(PRUNED, at=found["details_pruned_at"])
        return
    answer.rows(columns, shown, nothing)
    if len(rows) > len(shown):
        answer.say(MORE, count=len(rows) - len(shown))


def _tell_run(found: Row, answer: Answer) -> None:
    answer.say(HEAD, **_head(found))
    if found["reason"]:
        answer.say(REASON, reason=found["reason"])
    if found["rows_in"] is not None:
        answer.say(COUNTS, **found)
    if found["rows_at_area"] is not None:
        answer.say(OF_THESE, **found)
    for part in found["filtered"]:
        answer.say(FILTERED, count=part["count"], reason=Words(**part["reason"]))
    if found["details_pruned_at"]:
        answer.say(PRUNED, at=found["details_pruned_at"])
    if found["release"] is not None:
        _tell_features(found, answer)
    if found["decided_by"]:
        by, at, why = (found[f"decided_{part}"] for part in ("by", "at", "reason"))
        answer.say(DECIDED, by=by, at=at, reason=why)
    if found["waits"]:
        answer.say(WAITS, **found)


def _tell_features(found: Row, answer: Answer) -> None:
    counts = {part: found[f"features_{part}"] for part in ("added", "changed", "removed")}
    answer.say(FEATURES, **found, **counts)
    if any(counts.values()):
        answer.say(WHICH, **found, before=found["release"] - 1)


def _head(found: Row) -> dict[str, Any]:
    outcome = OUTCOMES[found["outcome"]]
    named = {key: found[key] for key in ("run", "source")}
    return named | {"outcome": outcome, "at": found["started_at"]}


def _run_of(job: Job, asked: str) -> int:
    """The run of this number, or the latest one of this source. Raises NotThere."""
    from geo.errors import NotThere
    from geo.store.reading import latest_run

    if asked.isdecimal():
        return int(asked)
    require_source(job, asked)
    number = latest_run(job.engine, asked)
    if number is None:
        raise NotThere(f"run of {asked} yet", "`onemap run` takes it in")
    return number


def _declared(job: Job, source_id: str) -> Source | None:
    return next((source for source in job.view.sources if source.id == source_id), None)


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)
