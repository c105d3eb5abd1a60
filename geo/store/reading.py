"""What people ask of the registers: runs, what was wrong in them, and what releases changed.

Each function is one statement and answers rows as mappings, by the names that programs read.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Engine

from geo.errors import NotThere
from geo.store.database import connect, run

Row = dict[str, Any]


def listed_runs(engine: Engine, source_id: str | None, most: int) -> list[Row]:
    """The newest runs, of one source or of all, with their counts."""
    return _rows(engine, "runs_listed", source=source_id, most=most)


def shown_run(engine: Engine, run_id: int) -> Row:
    """All that is known of one run. Raises NotThere."""
    found = _rows(engine, "run_shown", run=run_id)
    if not found:
        raise NotThere(f"run {run_id}", "`onemap runs` lists those there are")
    return found[0]


def latest_run(engine: Engine, source_id: str) -> int | None:
    """The run that judged a source's latest delivery, else its latest try; None without any."""
    with connect(engine) as connection:
        number: int | None = run(connection, "run_latest", source=source_id).scalar_one_or_none()
    return number


def knows_source(engine: Engine, source_id: str) -> bool:
    """Whether a source is, or was, one of this map's."""
    with connect(engine) as connection:
        return bool(run(connection, "source_known", source=source_id).scalar_one())


def told_holds(engine: Engine) -> list[Row]:
    """Deliveries that wait for a decision, with their counts and what was wrong in them."""
    return _rows(engine, "holds_told")


def counted_issues(engine: Engine, run_id: int) -> list[Row]:
    """What was wrong in a run by code and column, the worst first, with the rows' numbers."""
    return _rows(engine, "run_issues_counted", run=run_id)


def run_issues(
    engine: Engine, run_id: int, code: str | None, personal: Collection[str]
) -> list[Row]:
    """What was wrong in a run, issue by issue, of one code or of all.

    `personal` are names under which issues speak of personal columns: these show no value.
    """
    return _rows(engine, "run_issues", run=run_id, code=code, personal=sorted(personal))


def quarantined_rows(engine: Engine, run_id: int, columns: Collection[str]) -> list[Row]:
    """Rows of a run that have an error, as they were delivered, with these columns alone."""
    return _rows(engine, "run_quarantined", run=run_id, columns=sorted(columns))


def listed_releases(engine: Engine, most: int) -> list[Row]:
    """The newest releases, and what each changed."""
    return _rows(engine, "releases_listed", most=most)


def release_numbers(engine: Engine) -> list[int]:
    """Numbers of the releases that there are, in order; 0 is the empty map before the first."""
    return [row["release"] for row in _rows(engine, "releases_known")]


def release_differences(
    engine: Engine,
    release_a: int,
    release_b: int,
    *,
    layer: str | None = None,
    source: str | None = None,
    most: int | None = None,
) -> list[Row]:
    """Features that readers of one release see other than readers of another.

    Of each layer and kind of change at most `most` are listed; `count` says how many there are.
    """
    return _rows(
        engine,
        "release_diff",
        release_a=release_a,
        release_b=release_b,
        layer=layer,
        source=source,
        most=most,
    )


def _rows(engine: Engine, statement: str, **values: Any) -> list[Row]:
    with connect(engine) as connection:
        return [dict(row) for row in run(connection, statement, **values).mappings()]
