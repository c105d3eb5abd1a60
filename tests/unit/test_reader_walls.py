"""Walls are required for agencies' files; where one is denied, that is said and kept to."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo.errors import WallsMissing
from geo.read import ReadLimits, _job, _standing, probe, walls
from geo.reading import child
from geo.reading.walls import Walls
from geo.settings import REQUIRED_WALLS, WALLS
from geo.states import RawTable, Sandbox
from tests.unit.deliveries import Reader, shapefile, zipped_shapefile

# A container's own filter: EPERM for calls by number, or for `prctl` with one option.
CONTAINER = """
import ctypes, os, struct, sys
from pathlib import Path
def container(calls, prctl, prctl_option):
    steps = [(0x20, 0, 0, 0)]
    for number in calls:
        steps += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50001)]
    steps += [(0x15, 0, 3, prctl), (0x20, 0, 0, 16), (0x15, 0, 1, prctl_option)]
    steps += [(0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    assert libc.prctl(22, 2, program, 0, 0) == 0
"""
MAIN = "\nfrom geo.reader import __main__ as m, privileges\n{more}\nm.main(Path(sys.argv[1]))\n"
WHICH = 0 if os.uname().machine == "x86_64" else 1
UNSHARE, PRCTL, SETRESUID, SETGROUPS, FCHOWNAT, SETREUID = (
    numbers[WHICH]
    for numbers in ((272, 97), (157, 167), (117, 147), (116, 159), (260, 54), (113, 145))
)
LANDLOCK, SET_SECCOMP, NO_OPTION = (444, 445, 446), 22, 0xFFFF


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    for cached in (probe, _standing):
        cached.cache_clear()
    yield
    for cached in (probe, _standing):
        cached.cache_clear()


def inside(
    monkeypatch: pytest.MonkeyPatch, *denied: int, prctl_option: int = NO_OPTION, more: str = ""
) -> None:
    """Readers run in a container that denies these calls, and after `more`."""
    there = bool(denied) or prctl_option != NO_OPTION
    container = f"container({denied!r}, {PRCTL}, {prctl_option})\n" if there else ""
    code = CONTAINER + container + MAIN.format(more=more)
    program = (sys.executable, "-I", "-X", "utf8", "-c", code)
    monkeypatch.setattr(child, "PROGRAM", program)


def test_a_container_without_namespaces_and_users_reads(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Docker's default denies `unshare`, and `cap_drop: [ALL]` the change of user."""
    inside(monkeypatch, UNSHARE, SETRESUID, SETREUID, SETGROUPS, FCHOWNAT)
    assert walls().standing == ("landlock", "seccomp")
    read = reader.table("csv", "x.csv", b"a\n1\n")
    assert not read.report.sandbox.network_namespace and not read.report.sandbox.another_user
    parts = zipped_shapefile(shapefile([(b"name", 8)], [[b"x"]]))
    assert reader.table("shapefile", "x.zip", parts).table.num_rows == 1


def test_root_that_may_not_change_its_user_still_gives_up_its_rights(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(monkeypatch, SETRESUID)
    assert "user" not in walls().standing
    assert isinstance(reader.outcome("csv", "x.csv", b"a\n1\n"), RawTable)


def test_root_without_capabilities_reads(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    inside(monkeypatch, more="privileges._keep_only(())")
    assert "user" not in walls().standing
    assert not walls().missing
    assert isinstance(reader.outcome("csv", "x.csv", b"a\n1\n"), RawTable)


@pytest.mark.parametrize(
    ("denied", "option", "missing", "advice"),
    [
        (LANDLOCK, NO_OPTION, "landlock", "/sys/kernel/security/lsm"),
        ((), SET_SECCOMP, "seccomp", "CONFIG_SECCOMP_FILTER"),
    ],
)
def test_without_a_required_wall_nothing_is_read(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    denied: tuple[int, ...],
    option: int,
    missing: str,
    advice: str,
) -> None:
    inside(monkeypatch, *denied, prctl_option=option)
    assert walls().missing == (missing,)
    for language in ("th", "en"):
        assert advice in getattr(walls().sentence(), language)
    with pytest.raises(WallsMissing, match=advice) as caught:
        reader.outcome("csv", "x.csv", b"a\n1\n")
    assert caught.value.exit_code == os.EX_CONFIG
    assert "ONEMAP_REQUIRE_WALLS" in str(caught.value)


def test_what_requires_no_walls_is_read_without_them(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(monkeypatch, *LANDLOCK, UNSHARE, prctl_option=SET_SECCOMP)
    read = reader.table("csv", "x.csv", b"a\n1\n", required_walls=frozenset())
    assert read.report.sandbox.landlock_abi == 0 and not read.report.sandbox.seccomp


def test_the_child_itself_reads_nothing_without_a_required_wall(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the parent took the walls for standing: a limit may be reached in between."""
    assert not walls().missing
    probe()
    inside(monkeypatch, *LANDLOCK, more="m._read = lambda job: os._exit(99)")
    with pytest.raises(WallsMissing):
        reader.outcome("csv", "x.csv", b"a\n1\n")


def test_all_walls_can_be_required(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    inside(monkeypatch, UNSHARE)
    with pytest.raises(WallsMissing, match="CAP_SYS_ADMIN"):
        reader.outcome("csv", "x.csv", b"a\n1\n", required_walls=frozenset(WALLS))


def test_a_child_that_says_nothing_of_its_walls_is_not_believed(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls()
    probe()
    inside(monkeypatch, more="m._tell = lambda stand: None")
    assert reader.refused("csv", "x.csv", b"a\n1\n") == "reader_failed"


def test_a_taken_over_reader_cannot_say_its_walls_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls()
    probe()
    forged = "os.write(1, b'{}'); print('forged'); raise KeyError('taken over')"
    inside(monkeypatch, more=f"def taken(job):\n    {forged}\nm._read = taken")
    assert reader.refused("csv", "x.csv", b"a\n1\n") == "reader_failed"
    job = _job("csv", ReadLimits())
    with child.job_folder({}, job, None) as folder:
        assert child.run(folder, "csv", 60).walls == _standing()


# --- giving up root's rights, by itself --------------------------------------------------------

GIVE_UP = """
import os, sys
from pathlib import Path
from geo.reader import privileges
job, library = Path(sys.argv[1]), Path(sys.argv[2])
privileges._a_library = list  # this Python's own libraries may be root's alone
another = privileges.give_up(job, [library], files_walled=sys.argv[3] == "walled")
print(another, os.getuid() != 0, os.access(library / "secret", os.R_OK, effective_ids=True))
"""


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that another user may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root has rights to give up")
@pytest.mark.parametrize(
    ("mode", "walled", "expected"),
    [
        (0o755, "walled", "True True True"),
        (0o755, "open", "True True True"),
        (0o700, "walled", "True True True"),  # keeps the right to read, within the allow-list
        (0o700, "open", "False False True"),  # would read everything: it stays root, without rights
    ],
)
def test_libraries_that_are_roots_alone_stay_readable(
    passable: Path, mode: int, walled: str, expected: str
) -> None:
    library, job = passable / "library", passable / "job"
    library.mkdir()
    (library / "secret").touch()
    library.chmod(mode)
    job.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", GIVE_UP, str(job), str(library), walled],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


# --- what is said ------------------------------------------------------------------------------


def test_the_line_of_a_run_names_what_stands_and_what_does_not() -> None:
    whole = Sandbox(landlock_abi=7, network_namespace=True, another_user=True, seccomp=True)
    said = Walls(whole, REQUIRED_WALLS).sentence()
    assert "Landlock" in said.en and "Cannot stand" not in said.en
    less = whole.model_copy(update={"network_namespace": False})
    said = Walls(less, REQUIRED_WALLS).sentence()
    assert "Cannot stand here: an empty network" in said.en and "no file" not in said.en
    none = Sandbox(landlock_abi=0, network_namespace=False, another_user=False, seccomp=False)
    said = Walls(none, REQUIRED_WALLS).sentence()
    assert "no file of an agency is read, only the sample's own" in said.en
    assert "ไม่อ่านไฟล์ของหน่วยงาน" in said.th
    assert not Walls(none, frozenset()).missing
