"""Whole columns are quick, and come to what one value after the other comes to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as some

from geo.normalising.attributes import LONGEST_TEXT, fill_columns
from geo.normalising.claims import strip_prefixes
from geo.normalising.identity import agency_keys
from geo.values import dates, text, units
from geo.values.distinct import as_text
from geo.values.text import clean, clean_text, key_of, match_key
from schemas.models import AreaUnit, Era
from tests.unit.heart import CATALOGUE, layer, raw, said, source

WORDS = [
    *("", " ", "\u00a0", "\u200b", "สวน", " สวน ", "สวน  หลวง", "สวน\u00a0หลวง", "ก\u200bข"),
    *("น\u0e4d\u0e49\u0e32", "น้ำ", "กำ้แพง", "เเปลก", "ดีี", "ฤๅษี", "\uf700าน", "ก\u0e48\u0e38"),
    *("ก\u0e48\u0e3a", "ก\u0e38\u0e3a", "ก–ข", "ก - ข", "1 11", "๑ ๒", "Cafe\u0301", "CAFÉ", "ß"),
    *("a\x00b", "a\nb", "\ufeffx", "²", "ไม่ระบุ", "ไม่  ระบุ", "-", "N/A", "ใช่", "YES", "0", "มี"),
    *("เขตบางรัก", "เขต", " เขต บางรัก", "\u3000เขตบางรัก", "เขตเขต", "โรงเรียน", "โรง เรียน"),
    *("สวน\t", "\r\nสวน", "สวน\x0b", "สวน\x1c", "สวน \x1fก", "\t", "สวน\u2003ก"),
    "ก" * LONGEST_TEXT,
    "ก" * (LONGEST_TEXT + 1),
    "a" * (LONGEST_TEXT + 1),
]
NUMBERS = [
    *(
        "5",
        " 5 ",
        "๑๒๓",
        "1,234",
        "1,23",
        "1 234",
        "1\u00a0234",
        "+7",
        "-0",
        "-0.0",
        "12.0",
        "-12.0",
    ),
    *(
        "007.0",
        "5.",
        ".5",
        "1e5",
        "1E+05",
        "1e400",
        "1e-400",
        "nan",
        "inf",
        "-inf",
        "0x10",
        "1_000",
    ),
    *("9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993"),
    *("999999999999999999", "1234567890123456789", "0.1234567890123456789", "0.30000000000000004"),
    *("30 เตียง", "4 ไร่ 2 งาน", "4-2-0", "0-128-0.5", "12 ตร.ม.", "1–2", "− 5", "1e99", "1.5e3 ม."),
]
DATES = [
    *("2567-02-29", "2566-02-29", "29/02/2567", "29/2/2566", "2024-02-30", "2024-02-29 10:20"),
    *("2024-02-29T23:00:00Z", "2024-02-29T23:00:00.123", "31/12/2567", "00/01/2567", "1/1/67"),
    *(
        "2300-01-01",
        "2201-01-01",
        "1800-01-01",
        "1799-12-31",
        "2700-12-31",
        "2701-01-01",
        "20240229",
        "2024-1-5",
    ),
    *("15 ม.ค. 2567", "วันที่ 1 เดือน มกราคม พ.ศ. 2567", "๑/๒/๒๕๖๗", "32/01/2020", "1/13/2020"),
    *(
        "2024-02-29T10:20",
        "2024-02-29 99:99",
        "2024/02/29",
        "01-02-2567",
        "0000-00-00",
        "2567",
        "67",
    ),
]
ALPHABET = "กขคญนฤตสหอะาำิีุูเแโๅ่้๊็์ํๆ๑ \u200b\u00a0\u0e3aaAé1-–.,/0"
TEXTS = some.none() | some.sampled_from(WORDS + NUMBERS + DATES) | some.text(ALPHABET, max_size=9)
ANY_TEXTS = TEXTS | some.text(max_size=6)
DIGITS = some.from_regex(
    r"[+-]?[0-9]{1,19}(,[0-9]{3})?(\.[0-9]{0,19})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
DAYS = some.from_regex(
    r"[0-3]?[0-9][/-][01]?[0-9][/-](19|20|24|25)[0-9]{2}"
    r"|(18|20|24|25|27)[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?",
    fullmatch=True,
)


def each(column: pa.Array, function: Callable[[str], Any], absent: object = None) -> list[Any]:
    """One value after the other; `absent` for what is null."""
    return [absent if value is None else function(value) for value in as_text(column).to_pylist()]


def bits(values: list[float | None]) -> list[str | None]:
    """Floats told apart to the last bit and sign."""
    return [None if value is None else value.hex() for value in values]


# --- texts ---------------------------------------------------------------------------------------


def plain(pattern: str) -> list[str]:
    """Characters in which a whole column's look finds nothing, each between two letters."""
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    odd = text.matches(pa.array([f"ก{character}ก" for character in characters]), pattern)
    return [character for character, found in zip(characters, odd, strict=True) if not found]


def test_each_character_that_is_passed_over_is_clean_beside_any_other() -> None:
    passed = plain(text._UNCLEAN)
    assert set(map(chr, range(0x21, 0x7F))) < set(passed) and "ก" in passed
    thai = [character for character in passed if "\u0e00" < character < "\u0e5c"]
    for first in (*thai, *passed):
        for second in ("", *thai):
            both = f"ก{first}{second}ก"
            assert clean_text(both) == both or text.matches(pa.array([both]), text._UNCLEAN)[0]


def test_each_character_that_is_passed_over_is_its_own_key_but_for_its_case() -> None:
    passed = plain(text._NOT_ITS_KEY)
    keys = match_key(pa.array(passed)).to_pylist()
    assert keys == [key_of(character) for character in passed]
    assert len(passed) > 150


@given(some.lists(ANY_TEXTS, max_size=8))
@example([*WORDS, *NUMBERS, *DATES])
def test_texts_are_cleaned_as_one_by_one(values: list[str | None]) -> None:
    column = pa.array(values, pa.string())
    found = clean(pa.chunked_array([column[:1], column[1:]]))
    assert found.values.to_pylist() == each(column, clean_text)
    repairs = each(column, lambda v: clean_text(v) not in (None, v.strip(" \t\r\n")), False)
    assert found.repaired.tolist() == repairs


@given(some.lists(ANY_TEXTS, max_size=8), some.sampled_from([(), ("เขต", "khet ")]))
@example([*WORDS, *NUMBERS, *DATES], ())
def test_keys_are_made_as_one_by_one(values: list[str | None], prefixes: tuple[str, ...]) -> None:
    column = pa.array(values, pa.string())
    assert match_key(column, prefixes).to_pylist() == each(column, lambda v: key_of(v, prefixes))


# --- numbers and dates ---------------------------------------------------------------------------


FLOATS = some.floats() | some.sampled_from(
    [-0.0, 1e15, 1e-2, 9.999e-3, 0.0012345678901234567, 2.0**53, 1e22, 5e-324]
)
INTEGERS = some.integers(-(2**63), 2**63 - 1) | some.sampled_from([10**15, 2**53 + 1, -(10**18)])
COLUMNS = (
    some.lists(TEXTS | DIGITS, max_size=8).map(lambda v: pa.array(v, pa.string()))
    | some.lists(some.none() | FLOATS, max_size=8).map(lambda v: pa.array(v, pa.float64()))
    | some.lists(some.none() | INTEGERS, max_size=8).map(lambda v: pa.array(v, pa.int64()))
    | some.lists(some.none() | some.booleans(), max_size=8).map(lambda v: pa.array(v, pa.bool_()))
)


@given(COLUMNS)
@example(pa.array([*WORDS, *NUMBERS, *DATES]))
def test_numbers_in_words_are_read_as_one_by_one(column: pa.Array) -> None:
    words = as_text(column)
    read = each(words, lambda v: units._number(units._plain(v)), (None, False))
    found = units.parse_number(words)
    assert bits(found.values.to_pylist()) == bits([value for value, _ in read])
    assert found.unreadable.tolist() == [unreadable for _, unreadable in read]
    if units.reads_as_written(column):
        straight = units.parse_number(column)
        assert bits(straight.values.to_pylist()) == bits(found.values.to_pylist())
        assert straight.unreadable.tolist() == found.unreadable.tolist()


def test_ordinary_numbers_need_no_text() -> None:
    for column in ([1, None, -5], [0.5, None, -0.0, 1234.56], [10**14], []):
        assert units.reads_as_written(pa.array(column, pa.float64()))
    for awkward in (math.nan, math.inf, 1e-5, 0.0012345678901234567, 1e15, -1e300):
        assert not units.reads_as_written(pa.array([1.0, awkward]))
    assert not units.reads_as_written(pa.array([2**60]))
    assert not units.reads_as_written(pa.array(["1"]))


@given(COLUMNS, some.sampled_from(AreaUnit))
@example(pa.array([*WORDS, *NUMBERS]), AreaUnit.rai)
@example(pa.array([*WORDS, *NUMBERS]), AreaUnit.rai_ngan_wah)
def test_areas_are_read_as_one_by_one(column: pa.Array, unit: AreaUnit) -> None:
    read = each(column, lambda v: units._area(units._plain(v), unit), (None, False))
    found = units.parse_area(column, unit)
    assert bits(found.values.to_pylist()) == bits([value for value, _ in read])
    assert found.unreadable.tolist() == [unreadable for _, unreadable in read]


@given(some.lists(TEXTS | DAYS, max_size=8), some.none() | some.sampled_from(Era))
@example([*WORDS, *NUMBERS, *DATES], None)
@example([*WORDS, *NUMBERS, *DATES], Era.be)
@example([*WORDS, *NUMBERS, *DATES], Era.ce)
def test_dates_are_read_as_one_by_one(values: list[str | None], era: Era | None) -> None:
    column = pa.array(values, pa.string())
    read = each(column, lambda v: dates._date(dates._plain(v), era), (None, False, False))
    found = dates.parse_dates(column, era)
    assert found.values.to_pylist() == [day for day, _, _ in read]
    assert found.unreadable.tolist() == [unreadable for _, unreadable, _ in read]
    assert found.ambiguous.tolist() == [ambiguous for _, _, ambiguous in read]


def test_every_day_of_both_eras_is_itself() -> None:
    days = np.arange("1857-01-01", "2158-01-01", 7, dtype="datetime64[D]").tolist()
    for offset in (0, 543):
        written = [f"{day.year + offset:04}-{day:%m-%d}" for day in days]
        turned = [f"{day:%d/%m}/{day.year + offset:04}" for day in days]
        for column in (written, turned):
            assert dates.parse_dates(pa.array(column)).values.to_pylist() == days


# --- whole attributes ----------------------------------------------------------------------------


VALUES = {"โรงเรียน": "school", "Park": "park", "1": "one", "true": "yes"}
MAPPINGS: list[dict[str, Any]] = [
    {},
    {"placeholders": ["ไม่ระบุ", "-", "n/a"]},
    {"strip_prefix": ["เขต", "2"]},
    {"zero_is_unknown": True},
    {"unit": "rai"},
    {"era": "BE"},
]
BLANKS = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000"


def one_by_one(value: str | None, kind: str, mapping: dict[str, Any]) -> tuple[object, set[str]]:
    """What becomes of one value of an agency, and what is said of it, step after step."""
    cleaned = clean_text(value or "")
    stripped = without_prefix(cleaned, mapping.get("strip_prefix", ()))
    words = {key_of(word) for word in mapping.get("placeholders", ())}
    too_long = stripped is not None and len(stripped) > LONGEST_TEXT
    kept = None if too_long or stripped is None or key_of(stripped) in words else stripped
    result, issues = typed(kept, kind, mapping)
    if too_long:
        issues.add("value_unreadable")
    repaired = cleaned is not None and cleaned != str(value).strip(" \t\r\n")
    placeholder = not too_long and stripped is not None and key_of(stripped) in words
    if repaired and not placeholder and kind in ("text", "code", "category"):
        issues.add("text_repaired")
    return (None if mapping.get("zero_is_unknown") and result == 0 else result), issues


def without_prefix(value: str | None, prefixes: list[str]) -> str | None:
    stripped = (value or "").strip()
    for prefix in prefixes:
        rest = stripped.removeprefix(prefix).strip()
        if rest and rest != stripped:
            return rest
    return value


def typed(value: str | None, kind: str, mapping: dict[str, Any]) -> tuple[object, set[str]]:
    era = Era(mapping["era"]) if "era" in mapping else None
    if value is None:
        return None, set()
    answers = {key_of(theirs): ours for theirs, ours in VALUES.items()}
    match kind:
        case "text":
            return answers.get(key_of(value), value), set()
        case "code":
            whole, _, rest = value.partition(".")
            zeros = rest and not rest.strip("0") and whole.isascii() and whole.isdigit()
            return (whole if zeros else value), set()
        case "category":
            answers |= {key_of(word): word for word in ("school", "ก ข")}
            word = answers.get(key_of(value))
            return word, set() if word else {"value_unknown_category"}
        case "boolean":
            known = dict.fromkeys(("true", "yes", "y", "1", "ใช่", "มี"), True)
            known |= dict.fromkeys(("false", "no", "n", "0", "ไม่ใช่", "ไม่", "ไม่มี"), False)
            known |= {key_of(theirs): False for theirs in VALUES}
            flag = known.get(key_of(value) or "")
            return flag, {"value_unreadable"} if flag is None else set()
        case "date":
            day, unread, unsure = dates._date(dates._plain(value), era)
        case "year":
            day, unread, unsure = dates._calendar_year(dates._plain(value), era)
        case _:
            return number(value, kind, mapping)
    named = {"value_unreadable": unread, "date_ambiguous": unsure}
    return day, {code for code, true in named.items() if true}


def number(value: str, kind: str, mapping: dict[str, Any]) -> tuple[float | int | None, set[str]]:
    plain = units._plain(value)
    in_rai = mapping.get("unit") == "rai"
    result, unread = units._area(plain, AreaUnit.rai) if in_rai else units._number(plain)
    if kind == "integer" and not in_rai and result is not None:
        unread = unread or result != round(result) or abs(result) >= 2**53
        result = None if unread else int(result)
    return result, {"value_unreadable"} if unread else set()


KINDS = ("text", "code", "category", "boolean", "date", "year", "integer", "number")
RAW = COLUMNS | some.lists(ANY_TEXTS | DAYS, max_size=8).map(lambda v: pa.array(v, pa.string()))


@given(RAW, some.sampled_from(KINDS), some.sampled_from(MAPPINGS))
@example(pa.array([*WORDS, *NUMBERS, *DATES]), "text", MAPPINGS[1])
@example(pa.array([*WORDS, *NUMBERS, *DATES]), "number", MAPPINGS[0])
@example(pa.array(["a" * (LONGEST_TEXT + 1)]), "text", MAPPINGS[0])
@example(pa.array([25, 7, None]), "integer", MAPPINGS[2])
@example(pa.array([math.nan, math.inf, 1.0]), "number", MAPPINGS[0])
def test_attributes_are_filled_as_one_by_one(
    column: pa.Array, kind: str, mapping: dict[str, Any]
) -> None:
    if (mapping.get("zero_is_unknown") or mapping.get("unit")) and kind not in (
        "integer",
        "number",
    ):
        mapping = {}
    if mapping.get("unit"):
        kind = "number"
    declared = {"type": kind} | ({"values": ["school", "ก ข"]} if kind == "category" else {})
    given = {"column": "theirs", "values": VALUES, **mapping}
    rows = raw(theirs=column).table
    found, issues = fill_columns(rows, source({"c": given}), layer({"c": declared}), CATALOGUE)
    read = [one_by_one(value, kind, mapping) for value in as_text(column).to_pylist()]
    assert repr(found["c"].to_pylist()) == repr([value for value, _ in read])
    expected = [(code, 11 + row) for row, (_, codes) in enumerate(read) for code in codes]
    assert sorted(said(issues)) == sorted(expected)


@given(some.lists(some.none() | some.text(f"{BLANKS}เขต1a", max_size=6), max_size=8))
@example([f"{blank}เขต{blank}ก{blank}" for blank in BLANKS])
def test_words_before_a_name_are_taken_off_as_one_by_one(values: list[str | None]) -> None:
    column = pa.array(values, pa.string())
    for prefixes in ([], ["เขต"], ["เข", "เขต", "1"], ["", "a"], ["."]):
        assert strip_prefixes(column, prefixes).to_pylist() == each(
            column, lambda value, words=prefixes: without_prefix(value, words)
        )


@given(some.lists(some.tuples(ANY_TEXTS | DIGITS, TEXTS), max_size=6))
def test_keys_of_agencies_are_made_as_one_by_one(rows: list[tuple[str | None, str | None]]) -> None:
    def part(value: str | None) -> str | None:
        whole, _, rest = (cleaned := clean_text(value or "") or "").partition(".")
        digits = whole.removeprefix("-")
        zeros = rest and not rest.strip("0") and digits.isascii() and digits.isdigit()
        return (whole if zeros else cleaned) or None

    table = pa.table(
        {n: pa.array([row[i] for row in rows], pa.string()) for i, n in enumerate("ab")}
    )
    parts = [(part(first), part(second)) for first, second in rows]
    expected = [f"{a or ''}|{b or ''}" if a or b else None for a, b in parts]
    assert agency_keys(table, ("a", "b")).to_pylist() == expected
