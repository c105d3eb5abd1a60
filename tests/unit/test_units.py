"""Numbers and areas: read whole, or not at all."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.values.units import parse_area, parse_integer, parse_number, parse_rai_ngan_wah
from schemas.models import AreaUnit

THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
M2, KM2, RAI, TRIPLE = AreaUnit.m2, AreaUnit.km2, AreaUnit.rai, AreaUnit.rai_ngan_wah


def number(text: str) -> float | None:
    """The number, or None where it is unreadable."""
    found = parse_number(pa.array([text]))
    value: float | None = found.values.to_pylist()[0]
    assert found.unreadable.tolist() == [value is None]
    return value


def area(text: str, unit: AreaUnit) -> float | None:
    found = parse_area(pa.array([text]), unit)
    value: float | None = found.values.to_pylist()[0]
    assert found.unreadable.tolist() == [value is None]
    return value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1234.5", 1234.5),
        ("1,234.50", 1234.5),
        ("๑,๒๓๔.๕", 1234.5),
        ("1 234 567", 1234567),
        (" 12\u00a0", 12),
        ("30 เตียง", 30),
        ("5,000คน", 5000),
        ("12 ตร.ม.", 12),
        ("1.5E+06", 1500000),
        ("-5", -5),
        ("\u22125", -5),
        ("0", 0),
        ("007", 7),
    ],
)
def test_numbers_as_people_write_them(written: str, value: float) -> None:
    assert number(written) == value


@pytest.mark.parametrize(
    "written",
    [
        *("-", "x", "12-15", "~100", "ประมาณ 100", "1,23", "12,34,567", "1.2.3", "nan", "inf"),
        *("1e999", "12 มะม่วง", "(5)", "9" * 5000, "5 5", "1,234,"),
    ],
)
def test_what_is_not_surely_one_number(written: str) -> None:
    assert number(written) is None


def test_nothing_is_neither_a_number_nor_unreadable() -> None:
    for column in (pa.array(["", "  ", None]), pa.nulls(3), pa.array([None, float("nan"), None])):
        found = parse_number(column)
        assert found.values.to_pylist() == [None] * 3
        assert not found.unreadable.any()


def test_typed_numbers_pass() -> None:
    column = pa.chunked_array([[1.5, None], [float("inf"), 0.1]])
    found = parse_number(column)
    assert found.values.to_pylist() == [1.5, None, None, 0.1]
    assert found.unreadable.tolist() == [False, False, True, False]
    assert parse_number(pa.array([3, None], pa.int32())).values.to_pylist() == [3.0, None]


def test_integers_are_whole() -> None:
    found = parse_integer(pa.array(["12", "12.0", "๑,๐๐๐ คน", "12.5", "x", None, "1e300"]))
    assert found.values.type == pa.int64()
    assert found.values.to_pylist() == [12, 12, 1000, None, None, None, None]
    assert found.unreadable.tolist() == [False, False, False, True, True, False, True]


@given(st.integers(-(10**12), 10**12), st.integers(0, 2))
def test_every_integer_reads_back(value: int, places: int) -> None:
    written = [f"{value}", f"{value:,}", f"{value:,.{places}f}", f"{value} คน", f"{value:,}"]
    written[-1] = written[-1].translate(THAI_DIGITS)
    assert parse_integer(pa.array(written)).values.to_pylist() == [value] * len(written)


@given(st.text(st.sampled_from("0123456789,.-eE ๑ไร่งานตรมว"), max_size=12))
def test_no_text_raises(text: str) -> None:
    parse_number(pa.array([text]))
    for unit in AreaUnit:
        parse_area(pa.array([text]), unit)


@pytest.mark.parametrize(
    ("written", "unit", "m2"),
    [
        ("100", M2, 100),
        ("1.5", KM2, 1.5e6),
        ("4.5", RAI, 7200),
        ("4-2-0", TRIPLE, 7200),
        ("4-2-0", RAI, 7200),
        ("๔-๒-๐", TRIPLE, 7200),
        ("4 – 2 – 50.5", TRIPLE, 7402),
        ("0-128-0", TRIPLE, 51200),
        ("0-0-1,200", TRIPLE, 4800),
        ("4 ไร่ 2 งาน 10 ตร.ว.", TRIPLE, 7240),
        ("4ไร่2งาน10ตารางวา", M2, 7240),
        ("2 งาน", TRIPLE, 800),
        ("10 ตร.วา", TRIPLE, 40),
        ("4 ไร่", KM2, 6400),
        ("1,600 ตร.ม.", RAI, 1600),
        ("1.5 ตร.กม.", M2, 1.5e6),
        ("2 Rai", M2, 3200),
    ],
)
def test_areas(written: str, unit: AreaUnit, m2: float) -> None:
    assert area(written, unit) == pytest.approx(m2)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("4-2-0", M2),  # nobody says that this is rai
        ("4-2", TRIPLE),
        ("4", TRIPLE),
        ("4 ไร่ 2", RAI),
        ("2 งาน 4 ไร่", RAI),  # out of order: which is a slip?
        ("3 คน", M2),
        ("ไร่", RAI),
        ("1e308", KM2),
        ("5 ม.", M2),
    ],
)
def test_what_is_not_surely_an_area(written: str, unit: AreaUnit) -> None:
    assert area(written, unit) is None


@given(st.integers(0, 10**5), st.integers(0, 3), st.integers(0, 99))
def test_one_area_in_three_forms(rai: int, ngan: int, wah: int) -> None:
    m2 = rai * 1600 + ngan * 400 + wah * 4
    assert area(f"{rai}-{ngan}-{wah}", TRIPLE) == m2
    assert area(f"{rai:,} ไร่ {ngan} งาน {wah} ตร.ว.", TRIPLE) == m2
    columns = [pa.array([str(value)]) for value in (rai, ngan, wah)]
    assert parse_rai_ngan_wah(*columns).values.to_pylist() == [m2]


def test_three_columns_with_gaps() -> None:
    rai = pa.array(["4", "1", None, "x"])
    ngan = pa.chunked_array([["2", None], [None, "1"]])
    wah = pa.array([10.0, None, None, 1.0])
    found = parse_rai_ngan_wah(rai, ngan, wah)
    assert found.values.to_pylist() == [7240, 1600, None, None]
    assert found.unreadable.tolist() == [False, False, False, True]
