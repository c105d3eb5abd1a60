"""read: one delivery's bytes to rows, in a one-shot child process. The parent parses nothing.

The child (`geo.reader`) gets copies of the files in a folder of its own, and hands back its rows
through a pipe while it reads, and then a report. Both are validated here and believed no further.
However the child ends, the outcome is rows on the disk (`geo.spill`) or a named refusal.
"""

from __future__ import annotations

import functools
import json
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from geo.errors import ReaderUnsafe
from geo.reader.job import REPORT_FILE
from geo.reading import child, handed
from geo.reading.messages import refusal
from geo.reading.walls import Walls
from geo.settings import MAX_DELIVERY, REQUIRED_WALLS
from geo.states import RawTable, Refusal, Sandbox

PROBE_SECONDS = 60.0
LEAST_MEMORY = 1 << 30
NOT_STARTED: Mapping[str, Any] = {"unsafe": "the reader did not start"}
_NO_WAY_OUT = {"network", "seccomp"}
_HELD_BY = {"secret": {"landlock"}, "address": _NO_WAY_OUT, "link.geojson": _NO_WAY_OUT}
"""Walls any of which stops a probe that nothing else does; where none stands, it is not tried.

(A link for a CRS is refused from the bytes, before GDAL sees them: `crs_link`.)
"""


@dataclass(frozen=True)
class ReadLimits:
    """What one delivery may cost. `cells` is for spreadsheets; `members` for zip archives."""

    seconds: float = 600
    cpu_seconds: int = 600
    memory_bytes: int = 2 * MAX_DELIVERY
    output_bytes: int = 4 * MAX_DELIVERY
    unpacked_bytes: int = MAX_DELIVERY
    members: int = 1_000
    cells: int = 20_000_000
    bad_rows: int = 50_000

    @classmethod
    def of_delivery(cls, most_bytes: int) -> Self:
        """In the proportions of the default, for deliveries of `most_bytes`, also unpacked.

        A reader has twice that in memory, and never less than its libraries and a small delivery
        need; it may write four times that, because text and geometry grow as columns.
        """
        return cls(
            memory_bytes=max(LEAST_MEMORY, 2 * most_bytes),
            output_bytes=4 * most_bytes,
            unpacked_bytes=most_bytes,
        )


def read(files: Mapping[str, Path], format: str, **options: Any) -> RawTable | Refusal:
    """Reads one delivery, from the start of its child to its end; see `begin`."""
    return begin(files, format, **options).finish()


def begin(
    files: Mapping[str, Path],
    format: str,
    *,
    container_layer: str | None = None,
    encoding: str = "auto",
    limits: ReadLimits | None = None,
    columns_hint: Sequence[str] = (),
    scratch: Path | None = None,
    required_walls: frozenset[str] = REQUIRED_WALLS,
) -> Reading:
    """Starts to read one delivery.

    `files` maps the agency's file names to their stored bytes: one file, or the parts of a bare
    shapefile. `container_layer` chooses among layers or sheets; `columns_hint` are the column
    names that the source declares, to find the header and to mend names that a DBF cut.
    `scratch` is where the job folder is made (the system's temporary folder). Geometry stays in
    the source's own CRS. Raises `WallsMissing` if one of `required_walls` (names as in
    ONEMAP_REQUIRE_WALLS) cannot stand here, `ReaderUnsafe` if those that stand do not hold.
    """
    walls(required_walls).require()
    probe()
    allowed = limits or ReadLimits()
    job = _job(str(format), allowed) | {
        "container_layer": container_layer,
        "encoding": encoding,
        "columns_hint": list(columns_hint),
        "required_walls": sorted(required_walls),
    }
    return Reading(files, job, allowed, required_walls, scratch)


class Reading:
    """A child that has begun with one delivery, and waits with its rows until they are asked for.

    It is over with `finish`, or with `close`; its clock is that of `finish`.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        job: dict[str, Any],
        limits: ReadLimits,
        required_walls: frozenset[str],
        scratch: Path | None,
    ) -> None:
        self._limits, self._required, self._scratch = limits, required_walls, scratch
        self._format = str(job["format"])
        with ExitStack() as stack:
            self._folder = stack.enter_context(child.job_folder(files, job, scratch))
            self._child = child.Child(self._folder, self._format)
            stack.callback(self._child.stop)
            self._kept = stack.pop_all()

    def finish(self) -> RawTable | Refusal:
        """The outcome. Raises `WallsMissing` if a wall did not stand around the child."""
        with self._kept:
            intake, limits = handed.Intake(self._scratch), self._limits
            end = self._child.hear(limits.seconds, limits.output_bytes, intake.take)
            if end.walls:
                Walls(end.walls, self._required).require()
            silent = child.left(self._folder, REPORT_FILE) is None and not end.stopped
            if end.walls is None or silent:
                return refusal(*end.refusal())
            return handed.accept(self._folder, intake, end, self._format, limits.bad_rows)

    def close(self) -> None:
        """Ends the child, whatever it has done, and takes its folder away."""
        self._kept.close()


def walls(required: frozenset[str] = REQUIRED_WALLS) -> Walls:
    """Which walls stand around the reader on this machine, of those that are `required`.

    Raises `ReaderUnsafe` if no reader can be started.
    """
    return Walls(_standing(), required)


@functools.cache
def _standing() -> Sandbox:
    """The walls of a child that reads nothing."""
    job = _job("csv", ReadLimits()) | {"probe": True}
    with child.job_folder({}, job, None) as folder:
        stood = child.run(folder, "csv", PROBE_SECONDS).walls
    if stood is None:
        raise ReaderUnsafe(probe=NOT_STARTED["unsafe"])
    return stood


@functools.cache
def probe() -> None:
    """Try the sandbox, once per process: pointer files, a secret file, a connection.

    Raises `ReaderUnsafe` if one of them opens.
    """
    with tempfile.TemporaryDirectory(prefix="onemap-probe-") as name, socket.socket() as listener:
        outside = Path(name)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        standing = set(walls().standing)
        files = {
            name: path
            for name, path in _pointer_files(outside, listener.getsockname()[1])
            if name not in _HELD_BY or _HELD_BY[name] & standing
        }
        job = _job("geojson", ReadLimits()) | {"probe": True}
        with child.job_folder(files, job, outside) as folder:
            child.run(folder, "geojson", PROBE_SECONDS)
            report = handed.report(folder) or NOT_STARTED
        opened = [str(report["unsafe"])] if "unsafe" in report else list(report["opened"])
        if opened or _was_called(listener):
            raise ReaderUnsafe(probe=", ".join(opened) or "network")


def _pointer_files(folder: Path, port: int) -> Iterator[tuple[str, Path]]:
    secret = folder / "secret.csv"
    secret.write_text("x,y,name\n100,13,secret\n", "utf-8")
    url = f"http://127.0.0.1:{port}/"
    contents = {
        "secret": str(secret),
        "address": str(port),
        "vrt.geojson": f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}'
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "gdalg.geojson": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector read {secret}"}
        ),
        "wfs.geojson": f"<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
        "link.geojson": json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "link", "properties": {"href": url, "type": "proj4"}},
                "features": [],
            }
        ),
    }
    for name, text in contents.items():
        path = folder / name
        path.write_text(text, "utf-8")
        yield name, path


def _was_called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _job(format: str, limits: ReadLimits) -> dict[str, Any]:
    """What the child is told, besides its files; see `geo.reader.job`."""
    return {
        "format": format,
        "container_layer": None,
        "encoding": "auto",
        "columns_hint": [],
        "limits": asdict(limits),
        "required_walls": [],
        "probe": False,
    }
