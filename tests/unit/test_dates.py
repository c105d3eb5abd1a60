"""Dates of Thai registers: both eras, both digits, every way to write a month."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.values.dates import parse_dates, parse_years
from schemas.models import Era

LEAP_DAY = date(2024, 2, 29)
FULL = "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม"
SHORT = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค."
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def parsed(text: str | None, era: Era | None = None) -> date | str | None:
    """The date, or the one mask that is set."""
    found = parse_dates(pa.array([text], pa.string()), era)
    masks = {"unreadable": found.unreadable[0], "ambiguous": found.ambiguous[0]}
    said = [name for name, mask in masks.items() if mask]
    value: date | None = found.values.to_pylist()[0]
    assert len(said) + (value is not None) <= 1
    return said[0] if said else value


@pytest.mark.parametrize(
    "written",
    [
        "2024-02-29",
        "2567-02-29",
        "2024/2/29",
        "29/02/2567",
        "29/2/2024",
        "29-2-2567",
        "29.02.2567",
        "๒๙/๐๒/๒๕๖๗",
        "29 กุมภาพันธ์ 2567",
        "29 กุมภาพันธ์ พ.ศ. 2567",
        "วันที่ ๒๙ เดือน กุมภาพันธ์ พ.ศ.๒๕๖๗",
        "29 ก.พ. 2567",
        "29 ก. พ. 2567",
        "29 ก.พ 2567",
        "29 กพ 2567",
        "29ก.พ.2567",
        "29-ก.พ.-2567",
        "29 ก.พ. พ.ศ. 67",
        "29 ก.พ. ค.ศ. 2024",
        "29 กุมภา 2567",
        "29 Feb 2024",
        "29-FEB-2567",
        "20240229",
        "25670229",
        "29/02/2567 00:00:00",
        "29/2/2567 10.30 น.",
        "2024-02-29T23:59:59",
        "2024-02-28T17:00:00Z",
        "2024-02-29T23:59:59+07:00",
        " 29\u00a0ก.พ.  2567 ",
    ],
)
def test_one_day_in_many_hands(written: str) -> None:
    assert parsed(written) == LEAP_DAY


@pytest.mark.parametrize(
    "written",
    [
        "-",
        "ไม่ทราบ",
        "29/02/2566",  # no leap year in either era
        "29/02/2023",
        "12/31/2567",  # the day stands first
        "31/04/2567",
        "0/1/2567",
        "32/1/67",
        "0000-00-00",
        "31/12/1481",  # BE taken away twice
        "1/1/2300",
        "1/1/256",
        "1/1/25670",
        "1 ม.ค. พ.ศ. 2024",
        "1 ม.ค. ค.ศ. 2567",
        "กุมภาพันธ์ 2567",
        "1 กุมกราคม 2567",
        "2567",
        "45351",
        "2024-02-29T25:00:00Z",
    ],
)
def test_what_is_no_date_is_unreadable(written: str) -> None:
    assert parsed(written) == "unreadable"


@pytest.mark.parametrize("written", [None, "", "  ", "\u00a0"])
def test_nothing_is_not_unreadable(written: str | None) -> None:
    assert parsed(written) is None


@pytest.mark.parametrize("written", ["29/2/67", "29-2-67", "29 ก.พ. 67", "๒๙ ก.พ. ๖๗"])
def test_two_digits_need_an_era(written: str) -> None:
    assert parsed(written) == "ambiguous"
    assert parsed(written, Era.be) == LEAP_DAY
    assert parsed(written, Era.ce) == "unreadable", "2067 is no leap year"


def test_two_digits_of_the_common_era() -> None:
    assert parsed("1/2/24", Era.ce) == date(2024, 2, 1)
    assert parsed("1/2/69", Era.ce) == date(2069, 2, 1)
    assert parsed("1/2/70", Era.ce) == date(1970, 2, 1)


def test_a_written_era_stands_above_the_declared_one() -> None:
    assert parsed("1 ม.ค. พ.ศ. 67", Era.ce) == date(2024, 1, 1)
    assert parsed("1/1/2567", Era.ce) == date(2024, 1, 1)


@pytest.mark.parametrize("names", [FULL, SHORT, SHORT.replace(".", "")])
def test_every_month(names: str) -> None:
    found = parse_dates(pa.array([f"1 {name} 2567" for name in names.split()]))
    assert found.values.to_pylist() == [date(2024, month, 1) for month in range(1, 13)]


def test_typed_columns_and_chunks() -> None:
    stamps = pa.array([datetime(2024, 2, 28, 17, tzinfo=UTC)])
    assert parse_dates(pa.array([LEAP_DAY])).values.to_pylist() == [LEAP_DAY]
    assert parse_dates(stamps).values.to_pylist() == [LEAP_DAY]
    column = pa.chunked_array([["1/1/2567", None], ["x", "1/1/2567"]])
    found = parse_dates(column)
    assert found.values.type == pa.date32()
    assert found.values.to_pylist() == [date(2024, 1, 1), None, None, date(2024, 1, 1)]
    assert found.unreadable.tolist() == [False, False, True, False]


@given(st.dates(date(1900, 1, 1), date(2150, 12, 31)))
def test_every_day_reads_back_in_both_eras(day: date) -> None:
    be = day.year + 543
    written = [
        day.isoformat(),
        f"{be}-{day.month}-{day.day}",
        f"{day.day}/{day.month}/{be}",
        f"{day.day} {FULL.split()[day.month - 1]} {be}".translate(THAI_DIGITS),
        f"{day.day}{SHORT.split()[day.month - 1]}{be}",
    ]
    assert parse_dates(pa.array(written)).values.to_pylist() == [day] * len(written)


@given(st.text(st.sampled_from("0123456789/-. กพมคศ๒ปนTZ:"), max_size=14))
def test_no_text_raises(text: str) -> None:
    parsed(text)
    parse_years(pa.array([text]))


@pytest.mark.parametrize(
    "written",
    ["2567", "2024", "๒๕๖๗", "2567.0", "พ.ศ. 2567", "พ.ศ.67", "ปี 2567", "ปี พ.ศ. 2567", "ค.ศ. 2024"],
)
def test_years(written: str) -> None:
    assert parse_years(pa.array([written])).values.to_pylist() == [2024]


@pytest.mark.parametrize(
    "written", ["1481", "2300", "256", "24000", "2566-2567", "ปีงบประมาณ 2567", "พ.ศ. 2024", "x"]
)
def test_what_is_no_calendar_year(written: str) -> None:
    found = parse_years(pa.array([written]))
    assert found.values.to_pylist() == [None]
    assert found.unreadable.tolist() == [True]


def test_years_of_two_digits_and_of_nothing() -> None:
    found = parse_years(pa.array(["67", None, ""]))
    assert found.values.to_pylist() == [None, None, None]
    assert found.ambiguous.tolist() == [True, False, False]
    assert not found.unreadable.any()
    assert parse_years(pa.array(["67"]), Era.be).values.to_pylist() == [2024]
    assert parse_years(pa.array([2567.0, 2024.0])).values.to_pylist() == [2024, 2024]
