"""`onemap doctor`: is this installation well? Looking at it starts, makes and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from cli.language import Words
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column

if TYPE_CHECKING:
    from cli.diagnosis.finding import Check, Finding, Subject

STATES: Mapping[str, Words] = {
    "ok": Words("ดี", "ok"),
    "warn": Words("ควรดู", "warn"),
    "bad": Words("ไม่ดี", "bad"),
}
COLUMNS = [
    Column("check", Words("สิ่งที่ตรวจ", "check")),
    Column("state", Words("ผล", "state"), words=STATES),
    Column("found", Words("พบ", "found")),
    Column("advice", Words("ทำอย่างไร", "what to do")),
]
NOTHING = Words("ไม่มีอะไรให้ตรวจ", "There is nothing to look at.")
FAILED = Words("ดู ONEMAP_DEBUG=1 onemap doctor", "see where with `ONEMAP_DEBUG=1 onemap doctor`")


def doctor(
    map_id: MapOption = "sample", as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """Look at this installation: versions, walls, database, readers, disk, Prefect, the map.

    Exit codes: 0 all is well; 1 somebody should look; 2 something does not work, or is not safe.
    """
    from cli.diagnosis.finding import Subject
    from geo.settings import from_environment

    findings = diagnose(Subject(from_environment(), map_id))
    rows = [_row(finding) for finding in findings]
    Answer(as_json, lang).rows(COLUMNS, rows, NOTHING)
    raise typer.Exit(max(finding.state for finding in findings))


def diagnose(subject: Subject) -> list[Finding]:
    """Every check's answer; those of the database where it answers."""
    from cli.diagnosis import database, machine, maps, readers, services
    from cli.diagnosis.finding import State

    findings = ask(subject, (*machine.CHECKS, *services.CHECKS, *maps.CHECKS))
    (database_itself,) = ask(subject, (database.reachable,))
    findings.append(database_itself)
    if database_itself.state is not State.bad and not database.asleep(subject):
        inside = (*database.CHECKS, *readers.CHECKS, *maps.PUBLISHED)
        findings += ask(subject, inside)
    return findings


def ask(subject: Subject, checks: Sequence[Check]) -> list[Finding]:
    """What each check answers; one that fails itself is a finding, too."""
    return [_asked(subject, check) for check in checks]


def _asked(subject: Subject, check: Check) -> Finding:
    """A check that fails itself is a finding, too."""
    from cli.diagnosis.finding import bad

    try:
        return check(subject)
    except Exception as error:  # noqa: BLE001  whatever it met is what there is to say
        said = " ".join(str(error).split()) or type(error).__name__
        name = check.__name__.replace("_", " ")
        return bad(name, Words(f"ตรวจไม่ได้: {said}", f"cannot be told: {said}"), FAILED)


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.name,
        "state": finding.state.name,
        "found": finding.words,
        "advice": finding.advice,
    }
