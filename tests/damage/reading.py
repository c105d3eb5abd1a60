"""The reader's own road from bytes to a report, in this process: no child, no walls, no start."""

from __future__ import annotations

import dataclasses
import importlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from geo.read import ReadLimits
from geo.reader import delivery
from geo.reader.job import ROWS_FILE, Job
from geo.reader.refused import Refused
from schemas.formats import FORMATS

LIMITS = dataclasses.asdict(ReadLimits())


@dataclass(frozen=True)
class Outcome:
    """What became of one delivery: a refusal's code, or rows and the report of them."""

    refused: str | None
    rows: list[dict[str, Any]]
    report: dict[str, Any]

    @property
    def accounted(self) -> int:
        """Records that are rows, bad rows or blank."""
        return len(self.rows) + len(self.bad) + int(self.report["blank_records"])

    @property
    def bad(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.report["bad_rows"]
        return found


def read_here(format: str, members: dict[str, bytes], **options: Any) -> Outcome:
    """Read one delivery as the child does; members are its files by name."""
    module = importlib.import_module(f"geo.reader.formats.{FORMATS[format].module}")
    with _job(format, members, options) as job:
        try:
            report = delivery.write(module.read(job), job.out, job.limits)
        except Refused as refused:
            return Outcome(refused.code, [], {"detail": refused.detail})
        with pa.OSFile(str(job.out / ROWS_FILE)) as file:
            table = pa.ipc.open_file(file).read_all()
        json.dumps(report)  # it must be a report that can be written
        return Outcome(None, table.drop_columns(["_geom"]).to_pylist(), report)


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
