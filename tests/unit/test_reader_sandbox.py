"""The walls around the reader: what stands on this kernel must hold, and every end has a name."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from geo.errors import ReaderUnsafe
from geo.read import ReadLimits, _standing, probe
from geo.reader import drivers
from geo.reading import child as reader_child
from geo.settings import WALLS
from geo.states import Refusal
from schemas.formats import FORMATS
from tests.unit.deliveries import Reader, geojson, point_feature

LIMITS = {"memory_bytes": 1 << 30, "cpu_seconds": 20, "output_bytes": 1 << 20}
ATTEMPTS = """
import json, os, socket, subprocess, sys, threading
from pathlib import Path
from geo.reader import sandbox
job, secret, parent = Path(sys.argv[1]), sys.argv[2], os.getppid()
walls = sandbox.enter(job, json.loads(sys.argv[3]))
def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    except MemoryError:
        return "MemoryError"
    return "done"
thread = threading.Thread(target=lambda: None)
print(json.dumps({
    "walls": walls,
    "secret": attempt(lambda: open(secret).read()),
    "passwd": attempt(lambda: open("/etc/passwd").read()),
    "environ": attempt(lambda: open("/proc/self/environ").read()),
    "listing": attempt(lambda: os.listdir("/")),
    "outside": attempt(lambda: open(secret + ".new", "w")),
    "link": attempt(lambda: os.symlink(secret, job / "link")),
    "pipe": attempt(lambda: os.mkfifo(job / "pipe")),
    "inside": attempt(lambda: (job / "new").write_text("x")),
    "socket": attempt(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[4])), 1)),
    "program": attempt(lambda: os.execv("/bin/true", ["true"])),
    "process": attempt(lambda: os.fork() or os._exit(0)),
    "signal": attempt(lambda: os.kill(parent, 0)),
    "memory": attempt(lambda: bytearray(2 << 30)),
    "size": attempt(lambda: (job / "large").write_bytes(b"x" * (2 << 20))),
    "thread": attempt(lambda: (thread.start(), thread.join())),
    "environment": dict(os.environ),
}))
"""


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture
def attempts(tmp_path: Path) -> dict[str, Any]:
    """What a program can still do once the walls are up."""
    secret, job = tmp_path / "secret", tmp_path / "job"
    secret.write_text("secret")
    job.mkdir()
    done = subprocess.run(
        [sys.executable, "-I", "-c", ATTEMPTS, str(job), str(secret), json.dumps(LIMITS), "9"],
        env=drivers.environment("csv", str(job)),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_walls_hold_where_they_stand(attempts: dict[str, Any]) -> None:
    walls = attempts["walls"]
    if walls["landlock_abi"]:
        assert attempts["secret"] == attempts["passwd"] == "PermissionError"
        assert attempts["environ"] == attempts["listing"] == "PermissionError"
        assert attempts["outside"] == "PermissionError"
        assert attempts["link"] == attempts["pipe"] == "PermissionError"
    if walls["seccomp"]:
        assert attempts["program"] == attempts["process"] == attempts["signal"] == "PermissionError"
    if walls["seccomp"] or walls["network_namespace"]:
        assert attempts["socket"] != "done"
    assert walls["landlock_abi"] or walls["seccomp"] or walls["network_namespace"]


def test_limits_hold_and_honest_work_goes_on(attempts: dict[str, Any]) -> None:
    assert attempts["memory"] == "MemoryError"
    assert attempts["size"] == "OSError"
    assert attempts["inside"] == attempts["thread"] == "done"


def test_child_inherits_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, attempts: dict[str, Any]
) -> None:
    assert "PATH" not in attempts["environment"]
    assert set(attempts["environment"]) <= set(drivers.environment("csv", "")) | {"LC_CTYPE"}


def test_reports_say_which_walls_stood(reader: Reader) -> None:
    walls = reader.table("csv", "x.csv", b"a\n1\n").report.sandbox
    assert walls.model_dump().keys() == set(WALLS.values())


@pytest.mark.parametrize("format", sorted(name for name in FORMATS if FORMATS[name].driver))
def test_pyogrio_of_the_child_has_one_driver(format: str, tmp_path: Path) -> None:
    listed = in_child(format, tmp_path, "import pyogrio; drivers = pyogrio.list_drivers()")
    assert listed == [FORMATS[format].driver]


@pytest.mark.parametrize("format", ["shapefile", "geopackage"])
def test_fiona_of_the_child_has_one_driver(format: str, tmp_path: Path) -> None:
    code = "import fiona.env\nwith fiona.env.Env() as env: drivers = env.drivers()"
    assert in_child(format, tmp_path, code) == [FORMATS[format].driver]


def in_child(format: str, work: Path, code: str) -> list[str]:
    """The names in `drivers` after `code` ran in the environment of a child."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import json\n{code}\nprint(json.dumps(sorted(drivers)))"],
        env=drivers.environment(format, str(work)),
        capture_output=True,
        text=True,
        check=True,
    )
    listed: list[str] = json.loads(done.stdout)
    return listed


def test_unknown_driver_is_refused_by_the_child(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe()
    monkeypatch.setattr(drivers, "KNOWN_DRIVERS", drivers.KNOWN_DRIVERS - {"OGR_VRT"})
    found = reader.outcome("geojson", "x.geojson", geojson([point_feature(1, 2)]))
    assert isinstance(found, Refusal) and found.code == "reader_unsafe"
    assert "OGR_VRT" in found.detail


# --- the probe ---------------------------------------------------------------------------------


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    for cached in (probe, _standing):
        cached.cache_clear()
    yield
    for cached in (probe, _standing):
        cached.cache_clear()


@pytest.mark.usefixtures("fresh_probe")
def test_probe_passes_here() -> None:
    probe()


@pytest.mark.usefixtures("fresh_probe")
def test_probe_notices_an_unknown_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "KNOWN_DRIVERS", drivers.KNOWN_DRIVERS - {"OGR_VRT"})
    with pytest.raises(ReaderUnsafe, match="OGR_VRT"):
        probe()


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.slow
def test_probe_notices_an_open_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """With VRT allowed and no file allow-list, the probe's VRT opens: the reader refuses to run."""

    def careless(format: str, work: str) -> dict[str, str]:
        sealed = original(format, work)
        return sealed | {"GDAL_SKIP": "WFS"}

    original = drivers.environment
    monkeypatch.setattr(drivers, "environment", careless)
    monkeypatch.setattr(reader_child, "PROGRAM", _without_walls())
    with pytest.raises(ReaderUnsafe, match=r"vrt\.geojson"):
        probe()


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.slow
def test_probe_notices_an_open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_child, "PROGRAM", _without_walls())
    with pytest.raises(ReaderUnsafe, match="address"):
        probe()


@pytest.mark.usefixtures("fresh_probe")
def test_probe_notices_a_call_even_where_nothing_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver may ask the network and then refuse the file."""

    @contextmanager
    def calling(
        files: dict[str, Path], job: dict[str, Any], outside: Path | None
    ) -> Iterator[Path]:
        if outside is not None:
            port = int((outside / "address").read_text("utf-8"))
            socket.create_connection(("127.0.0.1", port)).close()
        with job_folder(files, job, outside) as folder:
            yield folder

    job_folder = reader_child.job_folder
    monkeypatch.setattr(reader_child, "job_folder", calling)
    with pytest.raises(ReaderUnsafe, match="network"):
        probe()


@functools.cache
def _without_walls() -> tuple[str, ...]:
    """A child program that says of walls which were never put up that they stand."""
    code = (
        "import sys; from pathlib import Path; from geo.reader import __main__ as m; "
        "m.sandbox.enter = lambda *_: "
        "{'landlock_abi': 7, 'network_namespace': True, 'another_user': True, 'seccomp': True}; "
        "m.main(Path(sys.argv[1]))"
    )
    return (sys.executable, "-I", "-c", code)


# --- how a child may end -----------------------------------------------------------------------


def child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The next reader is this program."""
    probe()
    monkeypatch.setattr(reader_child, "PROGRAM", (sys.executable, "-I", "-c", code))


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("import os; os.abort()", "reader_crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "reader_crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "reader_memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "reader_timeout"),
        (
            "import os; os.write(2, b'memory allocation of 99 bytes failed'); os.abort()",
            "reader_memory",
        ),
        ("raise KeyError('surprise')", "reader_failed"),
        ("pass", "reader_failed"),
        (
            "import sys; open(sys.argv[1] + '/out/report.json', 'w').write('{\"table\": {}}')",
            "reader_failed",
        ),
        ("import sys; open(sys.argv[1] + '/out/report.json', 'w').write('[1')", "reader_failed"),
    ],
)
def test_however_the_child_ends_it_is_a_named_refusal(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, code: str, refusal: str
) -> None:
    child(monkeypatch, code)
    assert reader.refused("csv", "x.csv", b"a\n1\n") == refusal


def test_clock_ends_the_child_and_what_it_started(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = tmp_path / "grandchild"
    child(
        monkeypatch,
        "import os, time, pathlib\n"
        "if os.fork() == 0:\n"
        f"    pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)",
    )
    started = time.monotonic()
    limits = ReadLimits(seconds=2)
    assert reader.refused("csv", "x.csv", b"a\n1\n", limits=limits) == "reader_timeout"
    assert time.monotonic() - started < 20
    grandchild = int(note.read_text())
    while _runs(grandchild) and time.monotonic() - started < 20:
        time.sleep(0.05)  # it was sent SIGKILL; the kernel takes its moment
    assert not _runs(grandchild)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_too_little_memory_is_a_named_refusal(reader: Reader) -> None:
    limits = ReadLimits(memory_bytes=300 << 20)
    short = b"1,2\n" * 12_000_000  # each row costs more than its text
    assert reader.refused("csv", "x.csv", b"a,b\n" + short, limits=limits) == "reader_memory"


def test_nothing_is_left_in_the_scratch_folder(reader: Reader, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    read = reader.table("csv", "x.csv", b"a\n1\n", scratch=scratch)
    assert list(scratch.iterdir()) == []
    assert read.table["a"].to_pylist() == ["1"]  # the mapped rows outlive their folder


def test_child_has_no_file_of_the_parent_open(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = tmp_path / "open"
    child(
        monkeypatch,
        "import os, pathlib; links = [os.readlink(f'/proc/self/fd/{fd}') for fd in (0, 1, 2)]; "
        f"pathlib.Path({str(note)!r}).write_text(str(len(os.listdir('/proc/self/fd'))))",
    )
    handle = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(handle, True)
    try:
        reader.outcome("csv", "x.csv", b"a\n1\n")
    finally:
        os.close(handle)
    assert int(note.read_text()) == 4  # 0, 1, 2 and the listing itself
