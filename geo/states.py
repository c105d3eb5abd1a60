"""States of a delivery on its way through One Map: one class per state, passed between steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from geo.spill import Spill
from geo.values.visible import visible, visible_lines
from schemas.models import Bilingual

if TYPE_CHECKING:  # who reads a state of text alone loads no geometry
    from geo.space.operations import Operation
    from geo.space.shapes import Shapes

ROW = "_row"
"""Column of a raw table: number of the record in the agency's file."""
GEOM = "_geom"
"""Column of a raw table: WKB in the source's own CRS, null where the record has no geometry."""


Outcome = Literal[
    "accepted",  # its content is prepared for the coming release
    "unchanged",  # an accepted delivery came again
    "absent",  # nothing was delivered, which is no failure
    "held",  # it waits for a person
    "rejected",  # a person turned it away
    "refused",  # it cannot be read as a whole
    "incomplete",  # a part of it came
    "unreachable",  # a service was away; trying again may help
    "fault",  # ours: it was not foreseen, or the run was killed
]
"""How a try to bring a source in ends: a closed list, and the same in `meta.run`."""


class State(BaseModel):
    """Base of the parts of a state that are also written down as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)


MOST_RECORDS = 2**31 - 1
"""Records are numbered in an int32, in Arrow and in PostgreSQL."""

Shown = Annotated[str, AfterValidator(visible), StringConstraints(max_length=100_000)]
"""Text of an agency or of its reader that reaches a terminal, a log or the database."""
ShownLines = Annotated[str, AfterValidator(visible_lines), StringConstraints(max_length=100_000)]
Count = Annotated[int, Field(ge=0, le=MOST_RECORDS)]


class BadRow(State):
    """A record that exists but cannot be read; it is accounted for as quarantined."""

    row: int = Field(
        ge=1, le=MOST_RECORDS, description="number of the record, as in the `_row` column"
    )
    code: Shown
    raw: ShownLines = Field(description="what could be seen of it, cut to a sensible length")


class Oddity(State):
    """Something unexpected in a delivery that did not prevent reading it."""

    code: Shown
    detail: Shown


class Sandbox(State):
    """Which walls stood around the reader while it read (they depend on kernel and container)."""

    landlock_abi: int = Field(description="0: no file allow-list, the kernel has no Landlock")
    network_namespace: bool
    another_user: bool = Field(description="whether root became a user with nothing of its own")
    seccomp: bool


class ReadReport(State):
    """What the reader saw of one delivery.

    Every record that was counted in the bytes is in `rows`, in `bad_rows` (once) or blank; a report
    that says otherwise is not valid.
    """

    format: str
    driver: Shown
    container_layer: Shown | None
    records: Count = Field(description="by a second count of the bytes, not by the parser")
    rows: Count = Field(description="rows of the table; `bad_rows` are not among them")
    blank_records: Count = Field(0, description="records without any value, left out")
    columns: tuple[str, ...] = Field(description="the agency's columns, without `_row`, `_geom`")
    encoding_declared: Shown | None
    encoding_found: Shown | None = Field(description="by bytes: ascii, utf-8, utf-16 or cp874")
    crs_declared: ShownLines | None = Field(description="`EPSG:n`, or WKT, or nothing was declared")
    crs_text: ShownLines | None = Field(description="the declaration word for word, e.g. the .prj")
    geometry_type: Shown | None
    null_geometries: Count
    oddities: tuple[Oddity, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()
    sandbox: Sandbox

    @model_validator(mode="after")
    def _accounts_for_every_record(self) -> Self:
        accounted = self.rows + len({bad.row for bad in self.bad_rows}) + self.blank_records
        if accounted != self.records:
            raise ValueError(f"{accounted} of {self.records} records are accounted for")
        return self


@dataclass(frozen=True)
class RawTable:
    """A delivery read, word for word, or a batch of it with the whole delivery's report.

    `rows` have `_row` (int64), `_geom` (binary, WKB in the source's CRS) and the agency's columns
    under their own names, each of them string, int64, double or bool. `sketch` is what was seen of
    them as they passed (`geo.surveying`).
    """

    rows: pa.Table | Spill
    report: ReadReport
    sketch: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> pa.Table:
        """All its rows in memory."""
        return self.rows.table() if isinstance(self.rows, Spill) else self.rows

    def columns(self, *names: str) -> Iterator[pa.RecordBatch]:
        """Some of its columns alone, by batches."""
        if isinstance(self.rows, Spill):
            return self.rows.batches(names)
        return iter(self.rows.select(names).to_batches())

    def batches(self) -> Iterator[RawTable]:
        """Its rows by batches, one at least; what could not be read is a last batch of bad rows."""
        good = self.report.model_copy(update={"bad_rows": ()})
        nothing = self.rows.schema.empty_table()
        rows = self.rows.batches() if isinstance(self.rows, Spill) else self.rows.to_batches()
        for batch in rows:
            yield RawTable(pa.Table.from_batches([batch]), good)
        if self.report.bad_rows or not self.rows.num_rows:
            yield RawTable(nothing, self.report)


def _visible_in_both(message: Bilingual) -> Bilingual:
    """A message may quote an agency's column or file name."""
    return Bilingual(th=visible(message.th), en=visible(message.en))


_PARTIAL = frozenset({"incomplete_page"})


class Refusal(State):
    """A delivery that cannot be read as a whole: nothing of it goes further."""

    code: Shown
    message: Annotated[Bilingual, AfterValidator(_visible_in_both)]
    detail: Shown = ""

    @property
    def outcome(self) -> Literal["absent", "incomplete", "refused"]:
        """Nothing that came, and a part that came, are not the agency's bad file."""
        if self.code == "nothing_came":
            return "absent"
        return "incomplete" if self.code in _PARTIAL else "refused"


@dataclass(frozen=True)
class StoredFile:
    """One file of a delivery: what it was called, and where its bytes are kept."""

    name: str
    sha256: str
    size: int
    path: Path


@dataclass(frozen=True)
class Snapshot:
    """The exact bytes of a delivery, kept under their sha256."""

    source_id: str
    sha256: str
    files: tuple[StoredFile, ...]
    fetched_at: datetime


@dataclass(frozen=True)
class Surveyed:
    """A delivery of which all is decided that is decided for the whole of it.

    `operation` moves its positions to EPSG:4326; None where it has none. `schema` are the agency's
    columns with their types. `alike` are the numbers of the rows whose key another row has too, or
    that have none: only these can be copies, or be under a key that is taken. None: it may be any.
    """

    raw: RawTable
    operation: Operation | None
    schema: Mapping[str, str]
    lineage: Mapping[str, Any]
    alike: pa.Array | None = None


@dataclass(frozen=True)
class Normalised:
    """A batch in the words of its layer: one schema, one CRS, one row per row that is kept.

    `table` has source_row (int32), source_key (string, null if the row has none), feature_id and
    content_hash (16 bytes), claimed_district_code, claimed_subdistrict_code and the layer's
    declared columns. `shapes` are in EPSG:4326, row by row, missing where a row has no position.
    `row_hash` tells exact copies of agency rows; null for a row whose key no other row has.
    """

    raw: RawTable
    table: pa.Table
    shapes: Shapes
    row_hash: pa.Array
    issues: pa.Table
    filtered: pa.Table


@dataclass(frozen=True)
class Judged:
    """A batch of which each row was judged by itself.

    `rows` has every row that is kept, with the columns of `Validated.accepted`; `issues` are those
    that a row has whatever the others are.
    """

    raw: RawTable
    rows: pa.Table
    row_hash: pa.Array
    issues: pa.Table
    filtered: pa.Table


@dataclass(frozen=True)
class Validated:
    """A delivery judged row by row. rows_in = accepted + quarantined + filtered, always.

    `accepted` has the columns of `Normalised.table`, `geom` (WKB, EPSG:4326, null at an area),
    district_code, subdistrict_code (of the place, else as claimed) and location_precision
    ("exact", "subdistrict" or "district"); `quarantined` has source_row, codes (list) and raw (JSON
    text); `filtered` has source_row, reason_th and reason_en.
    """

    accepted: Spill
    quarantined: Spill
    filtered: Spill
    issues: Spill
    rows_in: int
    rows_at_area: int
    rows_repaired: int
    schema: Mapping[str, str]
    lineage: Mapping[str, Any]


@dataclass(frozen=True)
class Deciding:
    """All that decides how a source's bytes become rows, in parts; the bytes apart.

    A part has the name that a person knows it by, and its value or the hash of it.
    """

    parts: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """sha256 of all parts."""
        text = json.dumps(dict(self.parts), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Accepted:
    """What the last accepted run of a source was like, and the bytes that it took in."""

    run_id: int
    rows_published: int
    schema: Mapping[str, str]
    snapshot_sha256: str | None = None
    deciding: Deciding = Deciding({})  # nothing: an earlier version of One Map kept no parts


@dataclass(frozen=True)
class Rejection:
    """Who turned a delivery away, when (an aware time) and why."""

    run_id: int
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a delivery; a held one waits for a person."""

    outcome: Literal["accepted", "held"]
    reason: Bilingual | None
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """What a load prepared for the coming release."""

    run_id: int
    target_release: int
    added: int
    changed: int
    removed: int
