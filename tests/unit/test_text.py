"""Thai text: the same name, however it was typed, is stored once and compared equal."""

from __future__ import annotations

import unicodedata

import geothai
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.values.text import (
    ADMIN_PREFIXES,
    arabic_digits,
    clean,
    clean_text,
    key_of,
    match_key,
)

THAI = st.text(st.sampled_from("กขคญนฤตสหอะาำิีุูเแโๅ่้๊็์ํๆ๑ \u200b\u00a0a1-"), max_size=12)


@pytest.mark.parametrize(
    ("raw", "cleaned", "repaired"),
    [
        ("สวนลุมพินี", "สวนลุมพินี", False),
        ("  สวน\n", "สวน", False),
        ("สวน  หลวง", "สวน หลวง", True),
        ("สวน\u00a0หลวง", "สวน หลวง", True),
        ("\ufeffสวน\u200bหลวง", "สวนหลวง", True),
        ("น\u0e49\u0e4d\u0e32", "น\u0e49\u0e33", True),
        ("น\u0e4d\u0e49\u0e32", "น\u0e49\u0e33", True),
        ("จ\u0e4d\u0e32นวน", "จ\u0e33นวน", True),
        ("กำ้แพง", "ก้ำแพง", True),
        ("เเปลก", "แปลก", True),
        ("\uf700าน", "ฐาน", True),
        ("ป\uf70aา", "ป่า", True),
        ("Cafe\u0301", "Caf\u00e9", True),
        ("a\x00b", "ab", True),
        ("", None, False),
        (" \u00a0\u200b ", None, False),
        ("โรงเรียนวัดดวงแข ๑", "โรงเรียนวัดดวงแข ๑", False),
        ("ดีี", "ดีี", False),  # a spelling is the agency's, not ours
        ("ฤๅษี", "ฤๅษี", False),
    ],
)
def test_clean_mends_encoding_and_not_spelling(
    raw: str, cleaned: str | None, repaired: bool
) -> None:
    found = clean(pa.array([raw]))
    assert found.values.to_pylist() == [cleaned]
    assert found.repaired.tolist() == [repaired]


def test_clean_keeps_rows_in_place_with_nulls_and_repeats() -> None:
    column = pa.chunked_array([["ก", None, "ข  ค"], ["ก", "ข  ค"]])
    found = clean(column)
    assert found.values.to_pylist() == ["ก", None, "ข ค", "ก", "ข ค"]
    assert found.repaired.tolist() == [False, False, True, False, True]


@pytest.mark.parametrize(
    "column", [pa.array([], pa.string()), pa.nulls(3), pa.nulls(2, pa.int64())]
)
def test_clean_of_nothing_is_nothing(column: pa.Array) -> None:
    found = clean(column)
    assert found.values.to_pylist() == [None] * len(column)
    assert not found.repaired.any()


def test_numbers_become_their_shortest_text() -> None:
    assert clean(pa.array([1001.0, 2.5])).values.to_pylist() == ["1001", "2.5"]


@given(THAI)
def test_clean_is_idempotent_and_nfc(text: str) -> None:
    once = clean_text(text)
    if once is not None:
        assert clean_text(once) == once
        assert unicodedata.is_normalized("NFC", once)


@given(st.text(max_size=20))
def test_clean_never_leaves_what_cannot_be_seen_or_stored(text: str) -> None:
    cleaned = clean_text(text) or ""
    assert not set(cleaned) & set("\x00\u00a0\u200b\ufeff\n\t")
    assert cleaned == cleaned.strip()


@given(THAI)
def test_a_key_does_not_see_what_clean_repairs(text: str) -> None:
    assert key_of(text) == key_of(clean_text(text) or "")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ศูนย์ ๑", "ศูนย์ 1"),
        ("บางกะปิ", "บาง กะปิ"),
        ("Bang Kapi", "BANGKAPI"),
        ("น\u0e4d\u0e49\u0e32", "น้ำ"),
        ("ก–ข", "ก-ข"),
        ("สวนดีี", "สวนดี"),
    ],
)
def test_keys_agree(left: str, right: str) -> None:
    assert key_of(left) == key_of(right)


@pytest.mark.parametrize(
    ("left", "right"), [("ทรายกองดิน", "ทรายกองดินใต้"), ("1 11", "11 1"), ("บึงกุ่ม", "บึ่งกุ่ม")]
)
def test_keys_differ(left: str, right: str) -> None:
    assert key_of(left) != key_of(right)


@pytest.mark.parametrize(
    "written", ["จตุจักร", "เขตจตุจักร", "เขต จตุจักร", "ท้องถิ่นเขตจตุจักร", "สำนักงานเขตจตุจักร"]
)
def test_admin_prefixes_go_on_request(written: str) -> None:
    keys = match_key(pa.array([written, None]), ADMIN_PREFIXES)
    assert keys.to_pylist() == ["จตุจักร", None]
    assert match_key(pa.array([written])).to_pylist() == [written.replace(" ", "")]


def test_a_prefix_alone_is_a_name() -> None:
    assert key_of("เขต", ADMIN_PREFIXES) == "เขต"


def test_keys_of_official_names_are_told_apart() -> None:
    """The guesses of pythainlp change no official name, and unite none within a district."""
    for province in geothai.provinces():
        for district in geothai.districts(province.code):
            names = [s.name_th for s in geothai.subdistricts(district.code)]
            keys = [key_of(name) for name in names]
            assert keys == [name.replace(" ", "") for name in names]
            assert len(set(keys)) == len(names)


def test_thai_digits() -> None:
    assert arabic_digits("๐๑๒๓๔๕๖๗๘๙") == "0123456789"
    assert arabic_digits("เลขที่ ๑2") == "เลขที่ 12"


PRIVATE_GLYPHS = {
    "\uf700": "ฐ", "\uf70f": "ญ", "\uf701": "ิ", "\uf702": "ี", "\uf703": "ึ", "\uf704": "ื",
    "\uf705": "่", "\uf706": "้", "\uf707": "๊", "\uf708": "๋", "\uf709": "์",
    "\uf70a": "่", "\uf70b": "้", "\uf70c": "๊", "\uf70d": "๋", "\uf70e": "์",
    "\uf710": "ั", "\uf711": "ํ", "\uf712": "็",
    "\uf713": "่", "\uf714": "้", "\uf715": "๊", "\uf716": "๋", "\uf717": "์",
    "\uf718": "ุ", "\uf719": "ู", "\uf71a": "ฺ",
}  # fmt: skip


@pytest.mark.parametrize("private", PRIVATE_GLYPHS)
def test_every_glyph_of_old_fonts_is_its_letter(private: str) -> None:
    assert clean_text(f"ก{private}") == f"ก{PRIVATE_GLYPHS[private]}"


def test_other_private_characters_stay() -> None:
    """Nobody says what they mean."""
    assert clean_text("ก\uf71b\uf6ff") == "ก\uf71b\uf6ff"


INVISIBLE = [
    *("\x00", "\x08", "\x0e", "\x1b", "\x7f", "\x84", "\x86", "\x9f", "\xad", "\u061c", "\u180e"),
    *("\u200b", "\u200f", "\u202a", "\u202e", "\u2060", "\u206f", "\ufeff", "\ufff9", "\ufffb"),
]


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_cannot_be_seen_goes(character: str) -> None:
    found = clean(pa.array([f"ก{character}ข"]))
    assert found.values.to_pylist() == ["กข"]
    assert found.repaired.tolist() == [True]


@pytest.mark.parametrize("space", ["\t", "\r\n", "\x85", "\u2003", "\u3000", "  ", " \u00a0"])
def test_all_blanks_are_one_space(space: str) -> None:
    assert clean_text(f"ก{space}ข") == "ก ข"
    assert clean_text(space) is None


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d")
def test_all_dashes_are_one_in_a_key(dash: str) -> None:
    assert key_of(f"ก{dash}ข") == "ก-ข"
    assert clean_text(f"ก{dash}ข") == f"ก{dash}ข", "what is shown keeps its own"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("1 11", "1 11"),
        ("ก 1", "ก1"),
        ("1 ก", "1ก"),
        ("ก ข ค", "กขค"),
        ("ซอย 1 2 ก", "ซอย1 2ก"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("", None),
        (" \u200b", None),
    ],
)
def test_a_key_has_no_spaces_but_between_digits(text: str, key: str | None) -> None:
    assert key_of(text) == key


@pytest.mark.parametrize("prefix", ADMIN_PREFIXES)
def test_each_word_before_a_name_goes(prefix: str) -> None:
    assert key_of(f"{prefix}บางรัก", ADMIN_PREFIXES) == "บางรัก"
    assert key_of(f"บางรัก {prefix}", ADMIN_PREFIXES) != "บางรัก", "only before the name"
    assert key_of(prefix, ADMIN_PREFIXES) == key_of(prefix)


def test_only_one_word_before_a_name_goes() -> None:
    assert key_of("เขตแขวงก", ADMIN_PREFIXES) == "แขวงก"
    assert key_of("KHET Bang Rak", ADMIN_PREFIXES) == "bangrak"
