"""This machine: versions, walls, room, language."""

from __future__ import annotations

import json
import locale
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cli.diagnosis.finding import Check, Finding, Subject, bad, ok, warn
from cli.language import Words
from cli.version import version_line
from geo.settings import project_folder

PYTHON: Final = (3, 11)
"""The oldest that One Map runs on (`requires-python`)."""
LOCK: Final = project_folder() / "requirements.lock"
LIBRARIES: Final = """
import json, pyogrio, pyproj, shapely
print(json.dumps([pyogrio.__gdal_version_string__, pyproj.proj_version_str,
                  shapely.geos_version_string]))
"""
_PINNED: Final = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)")


def versions(_: Subject) -> Finding:
    """One Map itself, and its Python."""
    found = version_line()
    if sys.version_info < PYTHON:
        advice = Words("ใช้ Python 3.11 ขึ้นไป", "use Python 3.11 or newer")
        return bad("versions", Words(found, found), advice)
    return ok("versions", found, found)


def libraries(_: Subject) -> Finding:
    """What reads and moves: asked in a process of its own, for GDAL is not opened in this one."""
    asked = subprocess.run(
        [sys.executable, "-I", "-c", LIBRARIES], capture_output=True, text=True, check=False
    )
    if asked.returncode != 0:
        last = (asked.stderr.strip().splitlines() or ["?"])[-1]
        return bad(
            "libraries",
            Words(f"ไลบรารีภูมิสารสนเทศใช้งานไม่ได้: {last}", f"a library cannot be used: {last}"),
            Words("ติดตั้งใหม่ด้วย make install", "install them again with `make install`"),
        )
    gdal, proj, geos = json.loads(asked.stdout)
    found = f"GDAL {gdal}, PROJ {proj}, GEOS {geos}"
    return ok("libraries", found, found)


def packages(_: Subject) -> Finding:
    """The packages that are installed are those of the lock, where there is one."""
    if not LOCK.is_file():
        return ok("packages", "ไม่มีไฟล์ lock ให้เทียบ", "there is no lock to compare with")
    other = [name for name, pinned in _pins(LOCK) if _installed(name) != pinned]
    if other:
        few = ", ".join(other[:5]) + (" ..." if len(other) > 5 else "")
        return warn(
            "packages",
            Words(
                f"{len(other)} แพ็กเกจไม่ตรงกับ lock: {few}",
                f"{len(other)} differ from the lock: {few}",
            ),
            Words("ติดตั้งตาม lock ด้วย make install", "install those of the lock: `make install`"),
        )
    return ok("packages", "ตรงกับ requirements.lock", "as in requirements.lock")


def walls(subject: Subject) -> Finding:
    """The walls around the reader of agencies' files."""
    from geo.read import walls as standing

    found = standing(subject.settings.required_walls)
    said = found.sentence()
    if found.missing:
        advice = Words("ดูคำแนะนำในประโยคนี้ และ docs/runbook.md", "as it says; see docs/runbook.md")
        return bad("walls", Words(said.th, said.en), advice)
    return ok("walls", said.th, said.en)


def state_folder(subject: Subject) -> Finding:
    """The state folder can be written; one that is not there yet can be made."""
    home = subject.settings.home
    try:
        with tempfile.TemporaryFile(dir=_nearest(home)):
            return ok("state folder", str(home), str(home))
    except OSError as error:
        return bad(
            "state folder",
            Words(
                f"เขียน {home} ไม่ได้ ({error.strerror})",
                f"{home} cannot be written ({error.strerror})",
            ),
            Words(
                "กำหนด ONEMAP_HOME เป็นโฟลเดอร์ที่เขียนได้",
                "set ONEMAP_HOME to a folder that you may write",
            ),
        )


def room(subject: Subject) -> Finding:
    """There is room in the state folder: for the largest delivery that is let in, at least."""
    from flows.preflight import LEAST

    free = shutil.disk_usage(_nearest(subject.settings.home)).free
    wanted = subject.settings.max_delivery
    words = Words(f"ว่าง {free / 1e9:,.1f} GB", f"{free / 1e9:,.1f} GB free")
    if free >= wanted:
        return ok("disk", words.th, words.en)
    advice = Words(
        f"ไฟล์ที่รับได้มีขนาดถึง {wanted / 1e9:,.1f} GB เพิ่มที่ว่าง หรือดู onemap prune --dry-run",
        f"a delivery may have {wanted / 1e9:,.1f} GB; make room, or see `onemap prune --dry-run`",
    )
    return (bad if free < LEAST else warn)("disk", words, advice)


def language(_: Subject) -> Finding:
    """Thai can be said, and Thailand's time is known."""
    spoken = {locale.getpreferredencoding(False), sys.getfilesystemencoding()}
    ZoneInfo("Asia/Bangkok")
    if {name.lower().replace("-", "") for name in spoken} != {"utf8"}:
        said = ", ".join(sorted(spoken))
        return warn(
            "language",
            Words(f"ระบบใช้รหัสอักขระ {said}", f"the system writes {said}"),
            Words("กำหนด LC_ALL=C.UTF-8", "set LC_ALL=C.UTF-8"),
        )
    said = f"UTF-8, LANG={os.environ.get('LC_ALL') or os.environ.get('LANG') or '-'}, Asia/Bangkok"
    return ok("language", said, said)


def viewer(_: Subject) -> Finding:
    """The viewer's packages and its fonts are there."""
    from web.pages import VENDORED
    from web.settings import PACKAGES

    missing = [str(name) for name in VENDORED.values() if not _files(PACKAGES / name)]
    if missing:
        return bad(
            "viewer",
            Words(
                f"ไม่มีแพ็กเกจของหน้าแผนที่: {', '.join(missing)}",
                f"the map page lacks {', '.join(missing)}",
            ),
            Words(f"npm ci --prefix {PACKAGES.parent}", f"npm ci --prefix {PACKAGES.parent}"),
        )
    return ok(
        "viewer", "แพ็กเกจและฟอนต์ของหน้าแผนที่ครบ", "packages and fonts of the map page are there"
    )


def _files(folder: Path) -> list[Path]:
    return [*folder.iterdir()] if folder.is_dir() else []


def _pins(lock: Path) -> list[tuple[str, str]]:
    lines = lock.read_text("utf-8").splitlines()
    return [(m[1], m[2]) for line in lines if (m := _PINNED.match(line)) and ";" not in line]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _nearest(folder: Path) -> Path:
    """The folder, or what it would be made in."""
    return next(found for found in (folder, *folder.parents) if found.is_dir())


CHECKS: tuple[Check, ...] = (
    *(versions, libraries, packages, walls, state_folder, room, language, viewer),
)
