"""What the generator knows and the pipeline has to find out: the oracle of the embedded sample.

`truth/` beside the drops holds three Parquet tables and a summary; no source names them.

rows.parquet, one line per record of every source:
    source_id  text     the source's id, as in schemas/sources
    source_row int32    number of the record, as the reader numbers it (a CSV's header is row 1; a
                        spreadsheet's rows are the sheet's; features count from 1)
    source_key text     the agency's key, null where it has none
    fate       text     exact | subdistrict | district | quarantined | filtered
    code       text     the error that quarantines it; null unless quarantined
    lon, lat   float64  true position, WGS 84 degrees; null unless the fate is exact and a point
    district_code, subdistrict_code text
                        where it has to be found; null where it is not published, and for areas
                        that follow no administrative boundary
issues.parquet: source_id, source_row, code. Each planted fault; more notes and warnings about a
    row are no fault of the pipeline, more *errors* are.
values.parquet: source_id, source_row, column (of the layer), value (text; dates ISO, numbers and
    booleans as Python writes them; null where the value has to be absent). Cleaned values where a
    mess was planted, and a few others.
truth.json: version (a hash of the generator), seed, places, rows per source and fate, and each mess
    with its count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from samples.kept import TRUTH

ROWS = pa.schema(
    [
        ("source_id", pa.string()),
        ("source_row", pa.int32()),
        ("source_key", pa.string()),
        ("fate", pa.string()),
        ("code", pa.string()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("district_code", pa.string()),
        ("subdistrict_code", pa.string()),
    ]
)
ISSUES = pa.schema([("source_id", pa.string()), ("source_row", pa.int32()), ("code", pa.string())])
VALUES = pa.schema(
    [
        ("source_id", pa.string()),
        ("source_row", pa.int32()),
        ("column", pa.string()),
        ("value", pa.string()),
    ]
)


@dataclass(frozen=True)
class SourceTruth:
    """The truth about one source; tables as described above."""

    source_id: str
    rows: pa.Table
    issues: pa.Table
    values: pa.Table
    messes: dict[str, int]


@dataclass(frozen=True)
class Truth:
    """The truth about all drops of one generation."""

    version: str
    seed: int
    places: int
    rows: pa.Table
    issues: pa.Table
    values: pa.Table
    messes: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def gather(cls, version: str, seed: int, places: int, parts: list[SourceTruth]) -> Truth:
        """One truth of many sources."""
        return cls(
            version,
            seed,
            places,
            pa.concat_tables([part.rows for part in parts]),
            pa.concat_tables([part.issues for part in parts]),
            pa.concat_tables([part.values for part in parts]),
            {part.source_id: part.messes for part in parts},
        )

    def of(self, source_id: str) -> SourceTruth:
        """The truth about one source."""
        mine = pc.field("source_id") == source_id
        return SourceTruth(
            source_id,
            self.rows.filter(mine),
            self.issues.filter(mine),
            self.values.filter(mine),
            self.messes[source_id],
        )

    def summary(self) -> dict[str, Any]:
        """What truth.json says."""
        counts: dict[str, dict[str, int]] = {source: {} for source in self.messes}
        grouped = self.rows.group_by(["source_id", "fate"]).aggregate([([], "count_all")])
        for line in grouped.to_pylist():
            counts[line["source_id"]][line["fate"]] = line["count_all"]
        return {
            "version": self.version,
            "seed": self.seed,
            "places": self.places,
            "sources": {source: dict(sorted(found.items())) for source, found in counts.items()},
            "messes": self.messes,
        }

    def write(self, drops: Path) -> None:
        """Write the tables and the summary into `drops/truth`."""
        folder = drops / TRUTH
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("rows", "issues", "values"):
            pq.write_table(getattr(self, name), folder / f"{name}.parquet", compression="zstd")
        text = json.dumps(self.summary(), ensure_ascii=False, indent=1)
        (folder / "truth.json").write_text(text + "\n", "utf-8")

    @classmethod
    def read(cls, drops: Path) -> Truth:
        """Load what `write` wrote. Raises FileNotFoundError where there is none."""
        folder = drops / TRUTH
        said = json.loads((folder / "truth.json").read_text("utf-8"))
        rows, issues, values = (
            pq.read_table(folder / f"{name}.parquet") for name in ("rows", "issues", "values")
        )
        return cls(
            said["version"], said["seed"], said["places"], rows, issues, values, said["messes"]
        )
