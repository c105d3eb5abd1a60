"""A map whose cluster is destroyed comes back; a backup that meets a run is whole as well."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from flows.keeping.backup import backup
from flows.keeping.restore import restore
from flows.pipeline import refresh
from geo.settings import Settings
from geo.snapshot import reopen
from server import cluster as private_cluster
from tests.flows.conftest import SmallCity
from tests.flows.kept import files_of, rows_of
from tests.flows.test_crash import city, deliver, refresh_in_a_child, warm
from tests.warm import Forked, WarmProcess

__all__ = ["city", "warm"]  # fixtures

pytestmark = pytest.mark.slow


def destroy(city: SmallCity) -> None:
    """The cluster with its data, the deliveries and the releases."""
    settings = city.job.settings
    city.job.engine.dispose()
    private_cluster.reset(settings, confirmed=True)
    shutil.rmtree(settings.snapshots)


def state_of(settings: Settings) -> dict[str, str]:
    url = private_cluster.url(settings, "bangkok")
    return rows_of(url) | files_of(settings.snapshots, settings.releases)


def test_a_destroyed_cluster_comes_back_equal(city: SmallCity, tmp_path: Path) -> None:
    settings = city.job.settings
    refresh(city.job)
    before = state_of(settings)
    backup(settings, "bangkok", tmp_path / "kept")
    destroy(city)
    assert not settings.releases.exists() and not private_cluster.status(settings).running
    assert restore(settings, tmp_path / "kept").seconds > 0
    assert state_of(settings) == before
    again = refresh(city.job)
    assert {source.outcome for source in again.sources} == {"unchanged"}
    assert again.release is None


def test_a_backup_that_meets_a_run_is_whole(
    warm: WarmProcess, city: SmallCity, tmp_path: Path
) -> None:
    """As many backups as fit beside a run; each restores to a state that there was."""
    settings = city.job.settings
    refresh(city.job)
    deliver(city, 2)
    child = refresh_in_a_child(warm, city)
    backups = []
    while has_not_ended(child):
        backups.append(backup(settings, "bangkok", tmp_path / str(len(backups))))
    assert child.returncode == 0
    backups.append(backup(settings, "bangkok", tmp_path / "after"))
    assert len(backups) > 1, "at least one was made while the run went on"
    seen = set()
    for made in backups:
        assert made.missing == ()
        destroy(city)
        restore(settings, made.archive.folder)
        seen.add(require_whole(settings))
    assert max(seen)[0] == 2
    print(f"states that were kept: {sorted(seen)}")


def has_not_ended(child: Forked) -> bool:
    with suppress(subprocess.TimeoutExpired):
        child.wait(0)
    return child.returncode is None


def require_whole(settings: Settings) -> tuple[int, int]:
    """The current release and the number of runs; all that they refer to is there."""
    with psycopg.connect(private_cluster.url(settings, "bangkok")) as connection:
        runs = connection.execute(
            "select source_id, snapshot_sha256 from meta.run where snapshot_sha256 is not null"
        ).fetchall()
        (current,) = connection.execute("select release from meta.pointer").fetchone() or (0,)
        parks = connection.execute("select count(*) from onemap.parks").fetchone()
    for source, sha256 in runs:
        assert all(file.path.is_file() for file in reopen(source, sha256, settings.snapshots).files)
    table = (settings.releases / "bangkok" / str(current) / "data" / "parks.csv").read_text("utf-8")
    assert parks == (len(table.splitlines()) - 1,)
    return current, len(runs)
