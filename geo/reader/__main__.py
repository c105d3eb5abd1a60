"""`python -I -m geo.reader JOB`: walls up, read one delivery, write a report, end.

Which walls stand is the first line of standard output, said before a byte is read: a file that
takes this program over cannot say it again. Where a required one is missing, nothing is read. The
rows follow on the same pipe while they are read; nothing else can be printed there. The report has
one of `table`, `refused`, `unsafe`, `opened` (a probe). An uncaught exception, a signal or a limit
ends the process without a report, and the parent names what happened.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Collection, Mapping
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, BinaryIO

from geo.reader import job as jobs
from geo.reader import sandbox
from geo.reader.drivers import UnsafeDrivers
from geo.reader.job import REPORT_FILE, Job
from geo.reader.refused import Refused
from geo.settings import WALLS
from schemas.formats import FORMATS

MAX_DETAIL = 2_000
NOT_NEEDED = ("geopandas", "pandas", "pyproj", "shapely")
"""Optional imports of pyogrio and pyarrow that would cost half a second and more to attack."""


class _Absent(MetaPathFinder):
    """Modules that are not there for this program."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in self.names:
            raise ModuleNotFoundError(fullname, name=fullname)


def main(folder: Path) -> None:
    """Read the job in `folder`."""
    job = jobs.load(folder)
    stand = sandbox.enter(folder, job.limits)
    rows = _tell(stand)
    if not all(stand[WALLS[name]] for name in job.required_walls):
        return
    report: dict[str, Any] = {}
    absent = (*NOT_NEEDED, "numpy") if FORMATS[job.format].is_table else NOT_NEEDED
    sys.meta_path.insert(0, _Absent(absent))
    try:
        report |= _probe(job) if job.probe else _read(job, rows)
    except Refused as refused:
        report["refused"] = {"code": refused.code, "detail": refused.detail[:MAX_DETAIL]}
    except UnsafeDrivers as unsafe:
        report["unsafe"] = str(unsafe)
    except (MemoryError, RecursionError) as error:
        report["refused"] = {"code": "reader_memory", "detail": type(error).__name__}
    text = json.dumps(report, ensure_ascii=False)
    (job.out / REPORT_FILE).write_text(text, "utf-8", errors="replace")


def _tell(stand: Mapping[str, int | bool]) -> BinaryIO:
    """Says the walls, and answers where the rows go; what a library prints is no row."""
    os.write(sys.stdout.fileno(), json.dumps(stand).encode() + b"\n")
    rows = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return rows


def _read(job: Job, rows: BinaryIO) -> dict[str, Any]:
    """Parsers are imported only here, behind the walls."""
    reader = importlib.import_module(f"geo.reader.formats.{FORMATS[job.format].module}")
    delivery = importlib.import_module("geo.reader.delivery")
    return {"table": delivery.write(reader.read(job), rows, job.out, job.limits)}


def _probe(job: Job) -> dict[str, Any]:
    return {"opened": importlib.import_module("geo.reader.probe").run(job)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
