"""A dry run: it says what the run then does, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.job import SourceOutcome
from flows.previewing import preview
from geo.errors import ConfigurationError
from geo.store.database import connect, open_engine
from tests.flows.conftest import SmallCity, write_boundaries


def state_of(city: SmallCity) -> tuple[dict[str, str], dict[str, tuple[int, int]]]:
    """Every row of every table and every sequence, and every file of the state folder."""
    tables = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = any ("
    tables += "array['meta', 'staging', 'core'])"
    with connect(city.job.engine) as connection:
        rows = {
            name: connection.scalar(
                text(f"select md5(string_agg(t::text, '|' order by t::text)) from {name} t")
            )
            for name in connection.scalars(text(tables)).all()
        }
        counters = text("select sequencename, last_value from pg_sequences")
        rows |= {name: str(last) for name, last in connection.execute(counters)}
    files = [path for path in city.job.settings.home.rglob("*") if path.is_file()]
    kept = {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
    return {name: str(value) for name, value in rows.items()}, kept


def previewed(city: SmallCity, aside: Path, **options: bool) -> dict[str, SourceOutcome]:
    """What a preview says; the database and the state folder are as they were."""
    before = state_of(city)
    job = replace(city.job, settings=replace(city.job.settings, home=aside))
    result = preview(job, **options)
    assert state_of(city) == before
    assert result.release is None and result.fault is None
    return {source.source_id: told(source) for source in result.sources}


def told(source: SourceOutcome) -> SourceOutcome:
    """An outcome without what only a run has."""
    return replace(source, run_id=None, seconds=0.0)


def ran(city: SmallCity) -> dict[str, SourceOutcome]:
    outcomes, _ = city.refresh()
    return {name: told(source) for name, source in outcomes.items()}


def changed(city: SmallCity) -> None:
    """More parks, no districts that can be read, and no hospitals."""
    city.parks(24)
    city.write("boundaries/bma/bangkok_district.zip", b"no zip")
    (city.drops / "health/hospital/bkk_hospital.csv").unlink()


def shrunk(city: SmallCity) -> None:
    city.parks(3)


def moved(city: SmallCity) -> None:
    write_boundaries(city.drops, shift=0.015)


@pytest.fixture
def aside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aside")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        (changed, {"accepted", "refused", "unchanged", "absent"}),
        (shrunk, {"held", "unchanged"}),
        (moved, {"accepted", "held"}),
    ],
)
def test_it_says_what_the_run_then_does(
    small_city: SmallCity, aside: Path, change: Callable[[SmallCity], None], outcomes: set[str]
) -> None:
    small_city.refresh()
    change(small_city)
    said = previewed(small_city, aside)
    assert {source.outcome for source in said.values()} == outcomes
    assert said == ran(small_city)


@pytest.mark.slow
def test_what_stands_is_read_again_if_asked(small_city: SmallCity, aside: Path) -> None:
    small_city.refresh()
    said = previewed(small_city, aside, again=True)
    assert {source.outcome for source in said.values()} == {"accepted"}
    assert all(source.because for source in said.values())
    assert all((s.added, s.changed, s.removed) == (0, 0, 0) for s in said.values())


@pytest.mark.slow
def test_a_database_that_was_never_prepared_stays_empty(
    small_city: SmallCity, database: Callable[..., str], aside: Path
) -> None:
    engine = open_engine(database("bare"))
    with connect(engine) as connection, connection.begin():
        for schema in ("web", "onemap", "core", "staging", "meta"):
            connection.execute(text(f"drop schema {schema} cascade"))
    job = replace(
        small_city.job, engine=engine, settings=replace(small_city.job.settings, home=aside)
    )
    said = {source.source_id: told(source) for source in preview(job).sources}
    with connect(engine) as connection:
        assert connection.scalar(text("select to_regnamespace('meta')")) is None
    assert said == ran(small_city), "also judged within the boundaries that it would bring"


@pytest.mark.slow
def test_a_database_of_an_earlier_version_is_not_brought_up_to_date(
    small_city: SmallCity, aside: Path
) -> None:
    with connect(small_city.job.engine) as connection, connection.begin():
        connection.execute(text("delete from meta.migration where name like '0008%'"))
    with pytest.raises(ConfigurationError, match="onemap db migrate"):
        preview(small_city.job)
