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


@pytest.mark.parametrize("unit", AreaUnit)
def test_nothing_is_neither_an_area_nor_unreadable(unit: AreaUnit) -> None:
    found = parse_area(pa.array(["", "  ", None]), unit)
    assert found.values.to_pylist() == [None] * 3
    assert not found.unreadable.any()


@pytest.mark.parametrize(
    ("words", "m2"),
    [
        ("ตร.กม. ตร. กม. ตรกม ตารางกิโลเมตร sq.km. sq km sqkm km2 km²", 1e6),
        ("ไร่ rai Rai RAI", 1600),
        ("งาน ngan", 400),
        ("ตร.วา ตร.ว. ตรว ตารางวา วา sq.wa sqwah wa wah", 4),
        ("ตร.ม. ตร.ม ตรม ตารางเมตร sq.m. sqm m2 m²", 1),
    ],
)
def test_every_word_for_a_unit_of_area(words: str, m2: float) -> None:
    for word in words.replace("ตร. กม.", "ตร.กม.").replace("sq km", "sqkm").split():
        assert area(f"2 {word}", TRIPLE) == 2 * m2
        assert area(f"2{word}", TRIPLE) == 2 * m2
    assert area("2 ตร. กม.", TRIPLE) == 2e6
    assert area("2 sq. km.", TRIPLE) == 2e6
    assert area("2 sq. wah", TRIPLE) == 8


def test_all_units_of_one_area_add_up() -> None:
    assert area("1 ตร.กม. 2 ไร่ 3 งาน 4 วา 5 ตร.ม.", M2) == 1e6 + 3200 + 1200 + 16 + 5
    assert area("1.5 ไร่ 50 วา", M2) == 2600


@pytest.mark.parametrize(
    "word",
    [
        *("คน", "ราย", "ครัวเรือน", "ครอบครัว", "หลังคาเรือน", "หลัง", "ห้อง", "เตียง", "แห่ง"),
        *("ชุมชน", "ต้น", "บาท", "เมตร", "กม.", "กม", "ม.", "ม", "%"),
    ],
)
def test_a_counted_thing_is_its_number(word: str) -> None:
    assert number(f"1,234 {word}") == 1234
    assert number(f"12{word}") == 12
    assert number(word) is None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("+5", 5),
        ("-1,234.5", -1234.5),
        ("1e3", 1000),
        ("1e-2", 0.01),
        ("1E+2 คน", 100),
        ("0.123456789012345678", 0.123456789012345678),
        ("123456789012345678", 123456789012345678.0),
        ("12,345,678,901", 12345678901),
    ],
)
def test_signs_exponents_and_many_digits(written: str, value: float) -> None:
    assert number(written) == value


@pytest.mark.parametrize(
    "written",
    [
        *("1" * 19, "1." + "1" * 19, "1e1234", "1234,567", "1,2345", "1,23,456", ".5", "5."),
        *("--5", "5-", "e5", "1e", "1,234 567.1.1", "12 13 คน", "คน 12", "12 คน คน"),
    ],
)
def test_more_that_is_not_surely_one_number(written: str) -> None:
    assert number(written) is None


def test_whole_numbers_end_where_floats_no_longer_tell_them_apart() -> None:
    limit = 2**53
    written = [str(limit - 1), str(limit), str(-limit + 1), str(-limit), "-12.0", "0", "-0.5"]
    found = parse_integer(pa.array(written))
    assert found.values.to_pylist() == [limit - 1, None, -limit + 1, None, -12, 0, None]
    assert found.unreadable.tolist() == [False, True, False, True, False, False, True]


def test_typed_integers_with_nothing_and_infinity() -> None:
    found = parse_integer(pa.array([1.0, None, float("nan"), float("inf"), 2.5]))
    assert found.values.to_pylist() == [1, None, None, None, None]
    assert found.unreadable.tolist() == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("written", "m2"),
    [
        ("1-1-1", 2004),
        ("1,000-0-0", 1_600_000),
        ("0-0-0.5", 2),
        ("1 - 1 - 1", 2004),
        ("1–1–1", 2004),
    ],
)
def test_rai_ngan_and_wah_between_dashes(written: str, m2: float) -> None:
    assert area(written, RAI) == area(written, TRIPLE) == m2
    assert area(written, M2) is area(written, KM2) is None


@pytest.mark.parametrize(
    "written", ["1.5-1-1", "1-1.5-1", "-1-1-1", "1-1", "1-1-1-1", "1--1", "a-1-1"]
)
def test_what_is_no_rai_ngan_and_wah(written: str) -> None:
    assert area(written, TRIPLE) is None


def test_a_bare_number_takes_the_declared_unit() -> None:
    assert [area("2", unit) for unit in (M2, KM2, RAI)] == [2, 2e6, 3200]
    assert area("1e3", M2) == 1000
    assert area("-2", M2) == -2
