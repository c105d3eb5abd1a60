"""The reader's own road from bytes to a report, in this process: no child, no walls, no start."""

from __future__ import annotations

import dataclasses
import importlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from geo.read import ReadLimits
from geo.reader import delivery
from geo.reader.job import BAD_ROWS_FILE, Job
from geo.reader.refused import Refused
from schemas.formats import FORMATS

ROWS_FILE = "rows"
"""A file in the place of the pipe."""
LIMITS = dataclasses.asdict(ReadLimits())


@dataclass(frozen=True)
class Outcome:
    """What became of one delivery: a refusal's code, or rows and the report of them."""

    refused: str | None
    rows: list[dict[str, Any]]
    report: dict[str, Any]
    bad: list[dict[str, Any]] = field(default_factory=list)

    @property
    def accounted(self) -> int:
        """Records that are rows, bad rows or blank."""
        return len(self.rows) + len(self.bad) + int(self.report["blank_records"])


def read_here(format: str, members: dict[str, bytes], **options: Any) -> Outcome:
    """Read one delivery as the child does; members are its files by name."""
    module = importlib.import_module(f"geo.reader.formats.{FORMATS[format].module}")
    with _job(format, members, options) as job:
        try:
            with (job.out / ROWS_FILE).open("wb") as pipe:
                report = delivery.write(module.read(job), pipe, job.out, job.limits)
        except Refused as refused:
            return Outcome(refused.code, [], {"detail": refused.detail})
        json.dumps(report)  # it must be a report that can be written
        rows = _table(job.out / ROWS_FILE).drop_columns(["_geom"]).to_pylist()
        return Outcome(None, rows, report, _table(job.out / BAD_ROWS_FILE).to_pylist())


def _table(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_stream(file).read_all()


@contextmanager
def _job(format: str, members: dict[str, bytes], options: dict[str, Any]) -> Iterator[Job]:
    with tempfile.TemporaryDirectory(prefix="onemap-here-") as name:
        folder = Path(name)
        for part in ("in", "work", "out"):
            (folder / part).mkdir()
        files = {}
        for number, (file_name, content) in enumerate(members.items()):
            files[file_name] = folder / "in" / f"{number}{Path(file_name).suffix}"
            files[file_name].write_bytes(content)
        yield Job(
            folder=folder,
            format=format,
            files=files,
            container_layer=options.get("container_layer"),
            encoding=options.get("encoding", "auto"),
            columns_hint=tuple(options.get("columns_hint", ())),
            limits=LIMITS | options.get("limits", {}),
            probe=False,
            required_walls=(),
        )
