"""Inputs of public bug reports go the whole road, and come out right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, text

from flows.job import Job, SourceOutcome
from flows.pipeline import refresh
from geo.settings import Settings
from geo.store.database import connect, open_engine
from schemas.catalogue import load_catalogue
from schemas.lint import lint
from tests.cases.declarations import (
    HERE,
    MAP,
    REFUSED_BY_LINT,
    cases,
    expected,
    write_declarations,
)

pytestmark = pytest.mark.slow

Rows = Mapping[str, Mapping[str, Any]]
DEGREES = 1e-7  # about a centimetre


def test_every_case_comes_out_right(
    cluster: Settings, database: Callable[..., str], quick_reader: None, tmp_path: Path
) -> None:
    """One map with every case as a source, so that all of them cost one run."""
    names = [name for name in cases() if name not in REFUSED_BY_LINT]
    write_declarations(tmp_path / "declared", names)
    assert lint(tmp_path / "declared") == []
    catalogue = load_catalogue(tmp_path / "declared")
    job = Job(
        replace(cluster, home=tmp_path),
        catalogue.map_view(MAP),
        catalogue.issue_codes,
        open_engine(database()),
        HERE,
    )
    result = refresh(job)
    assert result.release is not None
    outcomes = {source.source_id: source for source in result.sources}
    with connect(job.engine) as connection:
        wrong = [
            problem
            for name in names
            for problem in _wrong(name, outcomes[f"br_{name}"], connection)
        ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(REFUSED_BY_LINT))
def test_what_the_database_cannot_hold_is_refused_before_anything_runs(
    name: str, tmp_path: Path
) -> None:
    write_declarations(tmp_path, [name])
    findings = lint(tmp_path)
    column = name.removeprefix("col_")
    assert [finding for finding in findings if f"`{column}`" in str(finding)], findings


def _wrong(name: str, outcome: SourceOutcome, connection: Connection) -> Iterator[str]:
    """What came out otherwise than expected."""
    answer = expected(name)
    accepted = answer.pop("_or", None)
    if outcome.outcome == "refused" and accepted == "refusal":
        return
    if outcome.outcome != "accepted":
        yield f"{name}: {outcome.outcome}: {outcome.reason}"
        return
    found = _rows(connection, outcome)
    told = _told(connection, outcome) if accepted == "issue" else set()
    for key, values in answer.items():
        if key not in found and key not in told:
            yield f"{name}: {key} is not on the map, which has {sorted(found)}"
        for column, value in values.items() if key in found else ():
            if not _same(column, value, found[key]) and key not in told:
                yield f"{name}: {key}.{column} is {found[key].get(column)!r}, and not {value!r}"


def _rows(connection: Connection, outcome: SourceOutcome) -> Rows:
    """What planners see of one source, by the agency's key."""
    layer = outcome.layer_id
    query = text(f"""
        select seen.*, kept.source_key from onemap.{layer} seen
        join core.{layer} kept using (feature_id)
        where seen.source_id = :source
    """)
    found = connection.execute(query, {"source": outcome.source_id}).mappings()
    return {row["source_key"]: dict(row) for row in found}


def _told(connection: Connection, outcome: SourceOutcome) -> set[str]:
    """Keys of rows of which an issue tells."""
    query = text("""
        select coalesce(c.source_key, i.value) from meta.issue i
        left join core.br_points c on c.run_id = i.run_id and c.source_row = i.source_row
        where i.run_id = :run
    """)
    return set(connection.scalars(query, {"run": outcome.run_id}))


def _same(column: str, value: Any, row: Mapping[str, Any]) -> bool:
    match column:
        case "lon" | "lat":
            shape = _shape(row)
            found = shape.x if column == "lon" else shape.y
            return bool(found == pytest.approx(value, abs=DEGREES))
        case "area":
            wanted = shapely.MultiPolygon([*shapely.get_parts(shapely.from_wkt(value))])
            shapes = shapely.normalize([_shape(row), wanted])
            return bool(shapely.equals_exact(*shapes, tolerance=DEGREES))
    found = row[column]
    return bool(found == value) if isinstance(value, float) else str(found) == str(value)


def _shape(row: Mapping[str, Any]) -> Any:
    return shapely.from_wkb(bytes.fromhex(str(row["geom"])))
