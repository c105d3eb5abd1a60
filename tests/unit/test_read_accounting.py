"""Every record that was counted in the bytes is a row, a bad row or blank, or nothing is used."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from geo.read import ReadLimits
from geo.reader.delivery import Delivery, Piece, write
from geo.reader.refused import Refused
from geo.states import ReadReport

pytestmark = pytest.mark.usefixtures("quick_reader")

LIMITS = dataclasses.asdict(ReadLimits())
WALLS = ("network_namespace", "another_user", "seccomp")
BAD_ROWS = ({"row": 3, "code": "wrong_field_count", "raw": "z"},)
SANDBOX = {"landlock_abi": 1, **dict.fromkeys(WALLS, True)}


def delivery(records: int, **more: Any) -> Delivery:
    """Two rows and one bad row, of so many records."""
    return Delivery(
        driver="x",
        pieces=[Piece(pa.array([1, 2], pa.int64()), {"a": pa.array(["x", "y"])})],
        records=records,
        bad_rows=[(3, "wrong_field_count", "z")],
        **more,
    )


def test_a_format_cannot_forget_its_second_count() -> None:
    with pytest.raises(TypeError, match="records"):
        Delivery(driver="x", pieces=[])  # type: ignore[call-arg]


@pytest.mark.parametrize("records", [2, 4, 0])
def test_a_count_that_is_not_rows_and_bad_rows_is_refused(tmp_path: Path, records: int) -> None:
    with pytest.raises(Refused, match="rows_lost"):
        write(delivery(records), io.BytesIO(), tmp_path, LIMITS)


def test_the_report_carries_the_count_and_the_blank_records(tmp_path: Path) -> None:
    said = write(delivery(8, blank=5), io.BytesIO(), tmp_path, LIMITS)
    assert (said["records"], said["rows"], said["blank_records"]) == (8, 2, 5)
    report = ReadReport(format="csv", sandbox=SANDBOX, bad_rows=BAD_ROWS, **said)
    assert report.records == report.rows + len(report.bad_rows) + report.blank_records


def test_the_parent_counts_again_what_the_child_reports(tmp_path: Path) -> None:
    said = write(delivery(3), io.BytesIO(), tmp_path, LIMITS)
    twice = {"bad_rows": BAD_ROWS * 2, "records": 4}
    for lie in ({"records": 4}, {"rows": 1}, {"blank_records": 1}, {"bad_rows": []}, twice):
        with pytest.raises(ValidationError, match="records are accounted for"):
            ReadReport(format="csv", sandbox=SANDBOX, **{"bad_rows": BAD_ROWS} | said | lie)
