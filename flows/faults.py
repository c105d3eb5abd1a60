"""What goes wrong around one source: caught here, so that it stops nothing else, and described.

An error that One Map raises speaks for itself. Of one that nobody foresaw, its class and its place
are told, and no more: its message may hold what a row held.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import geo
from geo.errors import (
    DatabaseUnreachable,
    FetchIncomplete,
    GeoError,
    LayerUnbuilt,
    WallsMissing,
)
from geo.states import Outcome, Refusal, Snapshot
from schemas.models import Bilingual

R = TypeVar("R")

_OURS = Path(geo.__file__).parent.parent
_PACKAGES = frozenset({"cli", "flows", "geo", "samples", "schemas", "server", "sql", "web"})
_PASSING = frozenset({os.EX_UNAVAILABLE, os.EX_TEMPFAIL})
_LONGEST = 500
_REASONS_TH: Mapping[Outcome, str] = {
    "fault": "ระบบขัดข้อง ไม่ใช่ความผิดของข้อมูล ข้อมูลชุดเดิมยังแสดงอยู่",
    "incomplete": "ข้อมูลที่ได้รับมาไม่ครบ ข้อมูลชุดเดิมยังแสดงอยู่",
    "unreachable": "ติดต่อบริการที่เกี่ยวข้องไม่ได้ในขณะนี้ ข้อมูลชุดเดิมยังแสดงอยู่",
}


@dataclass(frozen=True)
class Ending:
    """How a try ended that came to no judgement, as it is written down."""

    outcome: Outcome
    reason: Bilingual
    evidence: Mapping[str, Any] = field(default_factory=dict)


def contain(work: Callable[[], R]) -> R | Exception:
    """What `work` returns, or what ended it; a lost database and a missing wall end the run."""
    try:
        return work()
    except (DatabaseUnreachable, WallsMissing):
        raise
    except Exception as error:  # noqa: BLE001  one source's fault is that source's outcome
        if os.environ.get("ONEMAP_DEBUG"):
            traceback.print_exc()
        return error


def ending(problem: Refusal | Exception, taken: Snapshot | None = None) -> Ending:
    """How a try ends that met `problem`; `taken` is the delivery, if there is one."""
    if isinstance(problem, Refusal):
        evidence = {"code": problem.code, "detail": problem.detail}
        return Ending(problem.outcome, problem.message, evidence)
    if isinstance(problem, LayerUnbuilt) and isinstance(problem.__cause__, Exception):
        return ending(problem.__cause__)
    outcome = _outcome(problem)
    said = str(problem) if isinstance(problem, GeoError) else _words(problem)
    return Ending(
        outcome,
        Bilingual(th=_REASONS_TH[outcome], en=_one_line(said)),
        {
            "error": type(problem).__name__,
            "place": place(problem),
            "snapshot_sha256": taken.sha256 if taken else None,
        },
    )


def place(error: BaseException) -> str:
    """Where it happened: the innermost function of ours, as `geo/load.py:44 load`."""
    found = "outside of One Map"
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_OURS) and path.relative_to(_OURS).parts[0] in _PACKAGES:
            found = f"{path.relative_to(_OURS)}:{line} {frame.f_code.co_name}"
    return found


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, FetchIncomplete):
        return "incomplete"
    passing = isinstance(error, GeoError) and error.exit_code in _PASSING
    return "unreachable" if passing else "fault"


def _words(error: Exception) -> str:
    """Class and place; of the system's errors also what the system calls them (a full disk)."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        name = f"{name}: {os.strerror(error.errno)}"
    return f"{name} at {place(error)}"


def _one_line(words: str) -> str:
    """Without what moves a terminal or what the database refuses, and not too long."""
    shown = "".join(c if c.isprintable() else " " for c in words[: 4 * _LONGEST])
    return " ".join(shown.split())[:_LONGEST]
