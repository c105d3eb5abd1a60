"""Folders for the time of some work: those of killed runs go, and nothing else does."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from geo import scratch

PREFIX = "onemap-some-"
KILLED = """
import os, signal, sys
from pathlib import Path
from geo import scratch
with scratch.folder("onemap-some-", Path(sys.argv[1])) as folder:
    (folder / "agency.csv").write_text("a")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def age(folder: Path) -> None:
    """As if it were made an hour ago."""
    os.utime(folder, (0, folder.stat().st_mtime - 3_600))


def test_a_folder_goes_with_its_work(tmp_path: Path) -> None:
    with scratch.folder(PREFIX, tmp_path) as folder:
        (folder / "x").write_text("y")
        assert folder.parent == tmp_path and folder.name.startswith(PREFIX)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_process_goes_with_the_next_work(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    with scratch.folder(PREFIX, tmp_path):
        assert left.exists(), "it may be about to be locked"
    age(left)
    with scratch.folder(PREFIX, tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_what_somebody_works_in_stays_however_old_it_is(tmp_path: Path) -> None:
    with scratch.folder(PREFIX, tmp_path) as mine:
        age(mine)
        with scratch.folder(PREFIX, tmp_path) as other:
            assert sorted(tmp_path.iterdir()) == sorted([mine, other])


def test_other_names_and_links_are_left_alone(tmp_path: Path) -> None:
    kept, elsewhere, file = (tmp_path / name for name in ("kept", "elsewhere", f"{PREFIX}file"))
    for folder in (kept, elsewhere):
        folder.mkdir()
        (folder / "x").write_text("y")
        age(folder)
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    file.write_text("z")
    with scratch.folder(PREFIX, tmp_path):
        pass
    assert (kept / "x").exists() and (elsewhere / "x").exists() and file.exists()


def test_the_next_work_does_not_take_a_folder_from_who_is_about_to_lock_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    young = tmp_path / f"{PREFIX}young"
    young.mkdir()
    locked: list[int] = []
    flock = fcntl.flock

    def noted(handle: int, operation: int) -> None:
        locked.append(os.fstat(handle).st_ino)
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", noted)
    with scratch.folder(PREFIX, tmp_path) as mine:
        assert locked == [mine.stat().st_ino]
