"""What a run leaves to look at in Prefect: its closing table, and the evidence of each hold.

A table is an artifact of the map, a hold one of its source, so that each has its history. Words of
agencies are shown as text alone: every mark that Markdown or HTML could read is escaped. (Prefect's
pages show character references as they are written.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.job import SourceOutcome
from flows.telling.events import approve_line, harmless
from flows.telling.evidence import NAMES, in_order
from geo.store.runs import Said
from geo.values.visible import visible

_ACTING = re.compile(r"[!-/:-@\[-`{-~]")
_LONGEST = 300
_COUNTS = {
    "rows in": "rows_in",
    "published": "published",
    "quarantined": "quarantined",
    "filtered": "filtered",
    "at an area": "at_area",
    "repaired": "repaired",
    "warnings": "warnings",
    "added": "added",
    "changed": "changed",
    "removed": "removed",
}


def key_of(*parts: str) -> str:
    """A key as Prefect wants it: small letters, digits and dashes."""
    return "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)


def closing_table(map_id: str, sources: Iterable[SourceOutcome]) -> None:
    """The closing table of a run as an artifact of its map."""
    from prefect.artifacts import create_table_artifact

    create_table_artifact(
        [table_row(source) for source in sources],
        key=key_of("onemap", map_id),
        description=f"{map_id}: ผลของแต่ละแหล่งข้อมูล / what came of each source",
    )


def table_row(source: SourceOutcome) -> dict[str, str | int | float | None]:
    """One line of the closing table; what an agency may have worded is text alone."""
    counts = {title: getattr(source, field) for title, field in _COUNTS.items()}
    return {
        "source": source.source_id,
        "outcome": source.outcome,
        **counts,
        "seconds": round(source.seconds, 1),
        "run": source.run_id,
        "reason": harmless(source.reason or ""),
    }


def hold(map_id: str, source: SourceOutcome, said: Said) -> None:
    """What a person has to decide about, as an artifact of the source."""
    from prefect.artifacts import create_markdown_artifact

    create_markdown_artifact(
        hold_as_markdown(map_id, source, said),
        key=key_of("held", map_id, source.source_id),
        description=f"{map_id}: {source.source_id} รอการตัดสินใจ / waits for a decision",
    )


def hold_as_markdown(map_id: str, source: SourceOutcome, said: Said) -> str:
    """Why a delivery waits, what the gate saw, its issues by code, and what to type."""
    assert source.run_id is not None, "a hold is a run"
    evidence = dict(said.evidence)
    seen = evidence.pop("seen", {})
    issues = seen.get("issues", {})
    return "\n\n".join(
        [
            f"# {escaped(source.source_id)} — {escaped(map_id)}",
            escaped(said.reason.th),
            escaped(said.reason.en),
            "## สิ่งที่ระบบตรวจพบ / What the gate saw",
            _table(("", ""), [(_title(name), evidence[name]) for name in in_order(evidence)]),
            *_issues(issues),
            "## การตัดสินใจ / To decide",
            f"    {approve_line(source.run_id, map_id)}",
            f"    {approve_line(source.run_id, map_id).replace('approve', 'reject', 1)}",
        ]
    )


def _title(name: str) -> str:
    named = NAMES.get(name)
    return f"{named.th} / {named.en}" if named else name


def _issues(issues: Mapping[str, int]) -> list[str]:
    if not issues:
        return []
    rows = sorted(issues.items(), key=lambda entry: -entry[1])
    heading = "## ปัญหาที่พบ / Issues by code"
    return [heading, _table(("รหัส / code", "จำนวน / rows"), rows)]


def _table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [titles, ["---"] * len(titles)]
    cells = ([escaped(_shown(cell)) for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in [*lines, *cells])


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_shown(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "-"
    return "-" if value is None else str(value)


def escaped(words: str) -> str:
    """One line of Markdown that shows these words and nothing else, cut to a readable length."""
    line = visible(" ".join(words.split()))
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return _ACTING.sub(lambda mark: f"\\{mark[0]}", shown)
