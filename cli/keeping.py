"""Keeping a map: `onemap backup`, `onemap restore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.language import Words
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, errors

_KEPT = Words(
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
_BACK = Words(
    "กู้คืนแผนที่ {map} ที่รุ่น {release} แล้ว (ตาราง {tables}, แถว {rows}, ไฟล์ที่หน่วยงานส่ง {deliveries} ชุด, "
    "รุ่นที่เก็บไว้ {releases}, {bytes} MB) ค่าแฮชตรงกับชุดสำรองทุกตารางและทุกไฟล์ ใช้เวลา {seconds} วินาที",
    "map {map} is back at release {release} (tables: {tables}, rows: {rows}, deliveries: "
    "{deliveries}, releases: {releases}, {bytes} MB); every table and every file is equal by hash "
    "to the backup; it took {seconds} s",
)


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
    _answer(Answer(as_json, lang), _KEPT, facts)
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
    _answer(Answer(as_json, lang), _BACK, facts)


def _answer(answer: Answer, words: Words, facts: dict[str, Any]) -> None:
    """Sizes are told in bytes to programs, in megabytes to people."""
    if answer.as_json:
        answer.json(facts)
        return
    sizes = {key: round(facts.get(key, 0) / 1e6, 1) for key in ("bytes", "linked")}
    answer.say(words, **facts | sizes)


def _tell(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)
