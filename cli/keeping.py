"""Keeping a map: `onemap backup`, `onemap restore`, `onemap prune`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import Words
from cli.opening import open_map
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column, errors, few

if TYPE_CHECKING:
    from flows.keeping.prune import Plan

KEPT = Words(
    "สำรองแผนที่ {map} ที่รุ่น {release} ไว้ใน {folder} แล้ว (แถว {rows}, ไฟล์ที่หน่วยงานส่ง {deliveries} ชุด, "
    "รุ่นที่เก็บไว้ {releases}, {bytes} MB ซึ่ง {linked} MB ใช้ร่วมกับชุดสำรองก่อนหน้า) ใช้เวลา {seconds} วินาที",
    "{folder} holds map {map} at release {release} (rows: {rows}, deliveries: {deliveries}, "
    "releases: {releases}, {bytes} MB, of which an earlier backup shares {linked} MB); it took "
    "{seconds} s",
)
_MISSING = Words(
    "ไม่สมบูรณ์อยู่ก่อนแล้ว จึงไม่อยู่ในชุดสำรอง: {what}",
    "was not whole before the backup, and is not in it: {what}",
)
BACK = Words(
    "กู้คืนแผนที่ {map} ที่รุ่น {release} แล้ว (ตาราง {tables}, แถว {rows}, ไฟล์ที่หน่วยงานส่ง {deliveries} ชุด, "
    "รุ่นที่เก็บไว้ {releases}, {bytes} MB) ค่าแฮชตรงกับชุดสำรองทุกตารางและทุกไฟล์ ใช้เวลา {seconds} วินาที",
    "map {map} is back at release {release} (tables: {tables}, rows: {rows}, deliveries: "
    "{deliveries}, releases: {releases}, {bytes} MB); every table and every file is equal by hash "
    "to the backup; it took {seconds} s",
)


_PARTS = {
    "releases": Words("ไฟล์ของรุ่นเก่า", "files of old releases"),
    "deliveries": Words("ไฟล์ที่หน่วยงานส่ง", "deliveries"),
    "runs": Words("รายละเอียดของรอบเก่า (แถว)", "details of old runs (rows)"),
    "files": Words("ไฟล์ที่จะลบทั้งหมด", "files to delete, in all"),
}
_GOING = [
    Column("what", Words("สิ่งที่ลบได้", "what can go"), words=_PARTS),
    Column("count", Words("จำนวน", "count"), number=True),
    Column("which", Words("ได้แก่", "which")),
    Column("size", Words("ขนาด", "size")),
]
_NOTHING = Words("ไม่มีอะไรที่ลบได้", "Nothing can go.")
_ASK = Words("ลบทั้งหมดนี้หรือไม่", "Delete all of this?")
GONE = Words(
    "ลบแล้ว: ไฟล์ของ {releases} รุ่น ไฟล์ที่หน่วยงานส่ง {deliveries} ชุด รายละเอียดของ {runs} รอบ "
    "({rows} แถว) คืนที่ว่าง {bytes} MB",
    "gone: files of {releases} releases, {deliveries} deliveries, details of {runs} runs ({rows} "
    "rows); {bytes} MB are free again",
)
_MANY = 5


def backup(
    folder: Annotated[Path, typer.Argument(help="New folder for the backup.")],
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Keep a whole map in a new folder: database, deliveries, releases. Runs may go on.

    Exit code 65 if a delivery or an old release was no longer whole, and so is not in the backup.
    """
    from flows.keeping.backup import backup as keep
    from geo.settings import from_environment

    made = keep(from_environment(), map_id, folder, _tell)
    facts = made.archive.counts | {
        "folder": str(made.archive.folder),
        "missing": list(made.missing),
        "linked": made.linked,
        "seconds": round(made.seconds, 1),
    }
    _answer(Answer(as_json, lang), KEPT, facts)
    for what in made.missing:
        errors.print(_MISSING.said(Answer(as_json, lang).language, what=what), soft_wrap=True)
    raise typer.Exit(os.EX_DATAERR if made.missing else os.EX_OK)


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of a backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the map that is there.")
    ] = False,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Bring a map back from a backup, and compare it by hash with what was kept."""
    from flows.keeping.restore import restore as bring_back
    from geo.settings import from_environment

    back = bring_back(from_environment(), folder, replace=replace, progress=_tell)
    facts = back.archive.counts | {"seconds": round(back.seconds, 1)}
    _answer(Answer(as_json, lang), BACK, facts)


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what can go, and end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Remove what a map can do without, by its declared retention. Lists first, and asks.

    Programs are not asked: --json alone lists, --json --yes removes.

    Never goes: the files of the current release and of the latest ones, what they came from, what
    waits for a decision or was rejected, and what the next upgrade reads again.
    """
    from flows.keeping.prune import plan
    from flows.keeping.prune import prune as remove

    answer, job = Answer(as_json, lang), open_map(map_id)
    going = plan(job)
    only_listed = dry_run or (as_json and not yes)
    if only_listed or not as_json:
        _list(going, answer)
    if only_listed or (going.is_empty and not as_json):
        return
    if not (yes or typer.confirm(_ASK.said(answer.language), err=True)):
        raise typer.Exit(1)
    gone = remove(job, going)
    _answer(answer, GONE, _counts(gone))


def _list(going: Plan, answer: Answer) -> None:
    if answer.as_json:
        deliveries = [delivery._asdict() for delivery in going.deliveries]
        listed = {"releases": going.releases, "deliveries": deliveries, "runs": going.runs}
        answer.json(_counts(going) | {"which": listed})
        return
    which = {
        "releases": [str(number) for number in going.releases],
        "deliveries": [f"{one.source_id} {one.sha256[:8]}" for one in going.deliveries],
        "runs": [str(number) for number in going.runs],
    }
    rows = [
        {"what": what, "count": len(found), "which": few(found, _MANY)}
        for what, found in which.items()
    ]
    rows[-1]["count"] = going.rows
    rows.append({"what": "files", "count": len(going.files), "size": f"{going.size / 1e6:,.1f} MB"})
    answer.rows(_GOING, [] if going.is_empty else rows, _NOTHING)


def _counts(plan: Plan) -> dict[str, Any]:
    return {
        "releases": len(plan.releases),
        "deliveries": len(plan.deliveries),
        "runs": len(plan.runs),
        "rows": plan.rows,
        "files": len(plan.files),
        "bytes": plan.size,
    }


def _answer(answer: Answer, words: Words, facts: dict[str, Any]) -> None:
    """Sizes are told in bytes to programs, in megabytes to people."""
    if answer.as_json:
        answer.json(facts)
        return
    sizes = {key: round(facts.get(key, 0) / 1e6, 1) for key in ("bytes", "linked")}
    answer.say(words, **facts | sizes)


def _tell(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)
