"""One job: the file(s) of one delivery, and how they are to be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

JOB_FILE, REPORT_FILE, BAD_ROWS_FILE = "job.json", "report.json", "bad_rows.arrow"


@dataclass(frozen=True)
class Job:
    """`files` maps the agency's file names to copies in `folder`, which is the job's own."""

    folder: Path
    format: str
    files: dict[str, Path]
    container_layer: str | None
    encoding: str
    columns_hint: tuple[str, ...]
    limits: dict[str, int]
    required_walls: tuple[str, ...]
    probe: bool

    @property
    def work(self) -> Path:
        """Where the reader may write whatever it likes."""
        return self.folder / "work"

    @property
    def out(self) -> Path:
        """Where the parent looks for the report and the bad rows."""
        return self.folder / "out"


def load(folder: Path) -> Job:
    """The job that the parent wrote into `folder`."""
    said = json.loads((folder / JOB_FILE).read_text("utf-8"))
    return Job(
        folder=folder,
        format=said["format"],
        files={name: folder / path for name, path in said["files"].items()},
        container_layer=said["container_layer"],
        encoding=said["encoding"],
        columns_hint=tuple(said["columns_hint"]),
        limits=said["limits"],
        required_walls=tuple(said["required_walls"]),
        probe=said["probe"],
    )
