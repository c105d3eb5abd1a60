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


@pytest.mark.parametrize(
    ("year", "read"),
    [
        (1799, None),
        (1800, 1800),
        (2200, 2200),
        (2201, None),
        (2399, None),
        (2400, 1857),
        (2700, 2157),
        (2701, None),
    ],
)
def test_a_year_is_of_an_era_or_of_none(year: int, read: int | None) -> None:
    assert parse_years(pa.array([str(year)])).values.to_pylist() == [read]
    expected = "unreadable" if read is None else date(read, 3, 1)
    assert parsed(f"1/3/{year}") == expected


@pytest.mark.parametrize("era", ["พ.ศ.", "พ.ศ", "พศ", "พศ.", "B.E.", "BE", "b.e"])
def test_words_for_the_buddhist_era(era: str) -> None:
    assert parse_years(pa.array([f"{era} 67", f"{era}2567", f"{era} 2024"])).values.to_pylist() == [
        *(2024, 2024, None),
    ]
    assert parsed(f"1 ม.ค. {era} 67") == date(2024, 1, 1)


@pytest.mark.parametrize("era", ["ค.ศ.", "ค.ศ", "คศ", "C.E.", "CE", "A.D.", "AD"])
def test_words_for_the_common_era(era: str) -> None:
    assert parse_years(pa.array([f"{era} 67", f"{era}2024", f"{era} 2567"])).values.to_pylist() == [
        *(2067, 2024, None),
    ]
    assert parsed(f"1 ม.ค. {era} 70") == date(1970, 1, 1)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1/1/67", "ambiguous"),
        ("31/12/67", "ambiguous"),
        ("0/1/67", "unreadable"),
        ("32/1/67", "unreadable"),
        ("1/0/67", "unreadable"),
        ("1/13/67", "unreadable"),
        ("1 กุมกราคม 67", "unreadable"),
    ],
)
def test_only_a_day_of_a_month_is_worth_asking_about(written: str, read: str) -> None:
    assert parsed(written) == read


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-02-28T16:59:59Z", date(2024, 2, 28)),
        ("2024-02-28T17:00:00Z", date(2024, 2, 29)),
        ("2024-02-28 17:00:00+00:00", date(2024, 2, 29)),
        ("2024-02-28T23:59:59.999+0700", date(2024, 2, 28)),
        ("2024-03-01T06:59:59+14:00", date(2024, 2, 29)),
        ("2024-02-28T17:00Z", date(2024, 2, 29)),
    ],
)
def test_an_instant_is_the_day_in_bangkok(written: str, day: date) -> None:
    assert parsed(written) == day


@pytest.mark.parametrize(
    "time",
    [
        "10:30",
        "T10:30",
        "10.30",
        "10:30:15",
        "10.30.15",
        "10:30:15.123",
        "9:05 น.",
        "10.30 น",
        "0:00น.",
    ],
)
def test_the_time_of_day_is_dropped(time: str) -> None:
    glue = "" if time.startswith("T") else " "
    for day in ("2024-02-29", "29/2/2567", "29 ก.พ. 2567"):
        assert parsed(f"{day}{glue}{time}") == LEAP_DAY


@pytest.mark.parametrize("time", ["10", "10:3", "10:30:1", "x", "10:30 pm", "10:30:15.", "น."])
def test_what_follows_a_date_and_is_no_time_makes_it_unreadable(time: str) -> None:
    assert parsed(f"29/2/2567 {time}") == "unreadable"


@pytest.mark.parametrize(
    "written",
    ["2024-02/29", "29/2-2567", "29.2/2567", "2024 02 29", "2024-2-290", "029/2/2567", "29//2567"],
)
def test_one_separator_stands_between_all_parts(written: str) -> None:
    assert parsed(written) == "unreadable"


ENGLISH = "January February March April May June July August September October November December"
ENGLISH_SHORT = "jan feb mar apr may jun jul aug sep oct nov dec"
HALF = "มกรา กุมภา มีนา เมษา พฤษภา มิถุนา กรกฎา สิงหา กันยา ตุลา พฤศจิกา ธันวา"


@pytest.mark.parametrize("names", [ENGLISH, ENGLISH_SHORT, HALF])
def test_every_month_in_other_words(names: str) -> None:
    found = parse_dates(pa.array([f"1 {name}. 2567" for name in names.split()]))
    assert found.values.to_pylist() == [date(2024, month, 1) for month in range(1, 13)]
    assert parsed("1 Sept 2024") == date(2024, 9, 1)


def test_the_masks_stay_with_their_rows() -> None:
    column = pa.array(["x", None, "1/1/67", "1/1/2567", "x"])
    found = parse_dates(column)
    assert found.unreadable.tolist() == [True, False, False, False, True]
    assert found.ambiguous.tolist() == [False, False, True, False, False]
    years = parse_years(pa.array(["x", None, "67", "2567", "x"]))
    assert years.unreadable.tolist() == [True, False, False, False, True]
    assert years.ambiguous.tolist() == [False, False, True, False, False]
    assert found.values.type == pa.date32() and years.values.type == pa.int64()


@pytest.mark.parametrize("era", [None, Era.be, Era.ce])
def test_years_of_nothing(era: Era | None) -> None:
    found = parse_years(pa.array(["", " ", None]), era)
    assert found.values.to_pylist() == [None] * 3
    assert not found.unreadable.any() and not found.ambiguous.any()


def test_two_digits_of_a_year_by_its_era() -> None:
    for written, era, year in (
        ("00", Era.be, 1957),
        ("99", Era.be, 2056),
        ("69", Era.ce, 2069),
        ("70", Era.ce, 1970),
        ("00", Era.ce, 2000),
    ):
        assert parse_years(pa.array([written]), era).values.to_pylist() == [year]
