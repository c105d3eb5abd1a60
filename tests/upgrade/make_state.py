"""Makes a state as an earlier version left it: three releases, a hold, a rejection, a failure.

A state is made by the code of its commit, and by no later one:

    git worktree add --detach /tmp/old e7d9589 && make -C /tmp/old .venv/test.stamp
    /tmp/old/.venv/bin/python tests/upgrade/make_state.py tests/upgrade/states/e7d9589

The imports are those of that commit. Who adds the state of a later version writes its imports here.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NoReturn

sys.path.insert(1, str(Path(__file__).parent))
import town
from geo.database import open_engine
from schemas.catalog import load_catalog

from flows import pipeline
from flows.job import Job
from geo import cluster, runs
from geo.errors import ConfigurationError
from geo.issues import IssueCatalogue
from geo.settings import Settings, project_folder

SCHEMAS = ("meta", "staging", "core", "onemap", "web")
# What only some versions of PostgreSQL know; the rest is the same for all.
NOT_RESTORED = ("SET ", "\\restrict", "\\unrestrict", "--", "SELECT pg_catalog.set_config")
PREAMBLE = "set check_function_bodies = false;\nset search_path = '';\n"


def main(target: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="onemap-state-"))
    home.chmod(0o711)
    settings = Settings(project=project_folder(), home=home)
    try:
        live(settings)
        target.mkdir(parents=True, exist_ok=True)
        dump(settings, target / "database.sql.gz")
        pack(home, target / "files.tar.gz")
    finally:
        cluster.reset(settings, confirmed=True)
        shutil.rmtree(home)


def live(settings: Settings) -> None:
    """The days of the town."""
    drops = settings.home / "drops"
    view = load_catalog(town.DECLARATIONS).map_view("town")
    issues = IssueCatalogue(load_catalog().issue_codes)
    engine = open_engine(cluster.ensure_database(settings, "town"))
    job = Job(settings, view, issues, engine, drops)
    for day in (town.first_day, town.second_day, town.third_day):
        day(drops)
        outcomes = pipeline.refresh(job)
        assert outcomes.release, outcomes
    town.two_clinics(drops)
    turned_away = pipeline.ingest(job, view.source("town_clinics"))
    assert turned_away.run_id and turned_away.outcome == "held", turned_away
    runs.decide(engine, turned_away.run_id, "rejected", by="สมหญิง", reason="four are missing")
    town.districts_anew(drops)
    fail_once(job)
    town.first_day(drops)
    town.half_of_the_parks(drops)
    town.two_clinics(drops)
    outcomes = pipeline.refresh(job)
    assert [source.outcome for source in outcomes.sources] == [
        "unchanged",
        "unchanged",
        "held",
        "rejected",
    ], outcomes
    engine.dispose()


def fail_once(job: Job) -> None:
    """One run ends by an error of ours."""

    def broken(*_: object) -> NoReturn:
        raise ConfigurationError("an invented fault")

    whole, pipeline.normalise = pipeline.normalise, broken  # type: ignore[assignment]
    failed = pipeline.ingest(job, job.view.source("town_districts"))
    pipeline.normalise = whole
    assert failed.outcome == "failed", failed


def dump(settings: Settings, target: Path) -> None:
    """SQL that any version restores through one connection: no psql, no COPY."""
    schemas = [f"--schema={name}" for name in SCHEMAS]
    url = cluster.url(settings, "town")
    options = ["--format=plain", "--no-owner", "--rows-per-insert=50"]
    done = subprocess.run(
        ["pg_dump", *options, *schemas, url], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(NOT_RESTORED)]
    text = PREAMBLE + "\n".join(line for line in lines if line)
    target.write_bytes(gzip.compress(text.encode(), mtime=0))


def pack(home: Path, target: Path) -> None:
    """The deliveries and the releases beside the database."""
    with tarfile.open(target, "w:gz") as archive:
        for name in ("snapshots", "releases"):
            archive.add(home / name, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
