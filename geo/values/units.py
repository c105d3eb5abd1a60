"""Numbers as people write them, and Thai areas -> m2.

1 rai = 1600 m2, 1 ngan = 400 m2, 1 square wah = 4 m2. What is not surely one number (a range, an
estimate, a comma that does not part thousands) is unreadable, never half read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from geo.values.distinct import Column, Distinct, Mask, as_array, distinct
from geo.values.text import arabic_digits, clean_text
from schemas.models import AreaUnit

RAI, NGAN, SQUARE_WAH = 1600.0, 400.0, 4.0  # m2

_NUMBER = r"[+-]?(?:\d{1,3}(?:[, ]\d{3})+|\d{1,18})(?:\.\d{1,18})?"
_AREA_WORDS = (
    (r"ตร\.? ?กม\.?|ตารางกิโลเมตร|sq\.? ?km\.?|km2|km²", 1e6),
    (r"ไร่|rai", RAI),
    (r"งาน|ngan", NGAN),
    (r"ตร\.? ?วา|ตร\.? ?ว\.?|ตารางวา|วา|sq\.? ?wah?|wah?", SQUARE_WAH),
    (r"ตร\.? ?ม\.?|ตารางเมตร|sq\.? ?m\.?|sqm|m2|m²", 1.0),
)
_COUNT_WORDS = r"คน|ราย|ครัวเรือน|ครอบครัว|หลังคาเรือน|หลัง|ห้อง|เตียง|แห่ง|ชุมชน|ต้น|บาท|เมตร|กม\.?|ม\.?|%"
_UNITS = "|".join([*(words for words, _ in _AREA_WORDS), _COUNT_WORDS])
_BARE = re.compile(rf"{_NUMBER}(?:e[+-]?\d{{1,3}})?")
_COUNTED = re.compile(rf"({_BARE.pattern})(?: ?(?:{_UNITS}))?")
_IN_WORDS = re.compile(" ?".join(rf"(?:({_NUMBER}) ?(?:{words}))?" for words, _ in _AREA_WORDS))
_TRIPLE = re.compile(r"(\d[\d,]*)-(\d[\d,]*)-(\d[\d,]*(?:\.\d+)?)")
_DASH = re.compile(" ?[-\u2010-\u2015\u2212] ?")

_FACTORS = {AreaUnit.m2: 1.0, AreaUnit.km2: 1e6, AreaUnit.rai: RAI}

Read: TypeAlias = tuple[float | None, bool]
"""(value, whether it is unreadable); blank is (None, False)."""

_UNREADABLE: Read = (None, True)


@dataclass(frozen=True)
class ParsedNumbers:
    """float64 or int64 by row; null where absent or unreadable."""

    values: pa.Array
    unreadable: Mask


def parse_number(column: Column) -> ParsedNumbers:
    """Numbers as float64: `1,234.50`, `๑๒๓`, `1 234`, `30 เตียง`, `1.5E3`. The unit is left out."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return _typed(column)
    found = distinct(column)
    return _parsed(found, [_number(_plain(value)) for value in found.values])


def parse_integer(column: Column) -> ParsedNumbers:
    """Whole numbers as int64; `12.0` is 12, and a number with a fraction is unreadable."""
    found = parse_number(column)
    values = found.values.to_numpy(zero_copy_only=False)
    given = np.isfinite(values)
    whole = given & (values == np.round(values)) & (np.abs(values) < 2**53)
    integers = np.where(whole, values, 0).astype(np.int64)
    return ParsedNumbers(pa.array(integers, mask=~whole), found.unreadable | (given & ~whole))


def parse_area(column: Column, unit: AreaUnit) -> ParsedNumbers:
    """Areas in m2. A unit in the text itself ("4 ไร่ 2 งาน", "12 ตร.ม.") stands above `unit`.

    `4-2-0` is rai-ngan-square wah, normalised or not (0-128-0), where `unit` is rai or
    rai_ngan_wah. A bare number is unreadable where it is rai_ngan_wah.
    """
    found = distinct(column)
    return _parsed(found, [_area(_plain(value), unit) for value in found.values])


def parse_rai_ngan_wah(rai: Column, ngan: Column, wah: Column) -> ParsedNumbers:
    """Areas in m2 from three columns; a blank counts as 0 unless all three are blank."""
    columns = [parse_number(column) for column in (rai, ngan, wah)]
    values = np.array([column.values.to_numpy(zero_copy_only=False) for column in columns])
    unreadable = np.any([column.unreadable for column in columns], axis=0)
    absent = np.isnan(values).all(axis=0)
    total = np.array([RAI, NGAN, SQUARE_WAH]) @ np.nan_to_num(values)
    return ParsedNumbers(pa.array(total, mask=absent | unreadable), unreadable)


def _typed(column: Column) -> ParsedNumbers:
    """Numbers already; NaN is a null, and what is infinite is unreadable."""
    values = as_array(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return ParsedNumbers(pa.array(values, mask=~np.isfinite(values)), np.isinf(values))


def _parsed(found: Distinct[str], read: list[Read]) -> ParsedNumbers:
    values = found.spread([value for value, _ in read], pa.float64())
    return ParsedNumbers(values, found.spread_mask([unreadable for _, unreadable in read]))


def _plain(text: str) -> str:
    return _DASH.sub("-", arabic_digits(clean_text(text) or "")).casefold()


def _number(text: str) -> Read:
    if not text:
        return None, False
    match = _COUNTED.fullmatch(text)
    value = _float(match[1]) if match else math.inf
    return (value, False) if math.isfinite(value) else _UNREADABLE


def _area(text: str, unit: AreaUnit) -> Read:
    if not text:
        return None, False
    if match := _IN_WORDS.fullmatch(text):
        named = zip(match.groups(), _AREA_WORDS, strict=True)
        return sum(_float(amount) * factor for amount, (_, factor) in named if amount), False
    triple = _TRIPLE.fullmatch(text)
    if triple and unit in (AreaUnit.rai, AreaUnit.rai_ngan_wah):
        amounts = zip(triple.groups(), (RAI, NGAN, SQUARE_WAH), strict=True)
        return sum(_float(amount) * factor for amount, factor in amounts), False
    if unit not in _FACTORS or not _BARE.fullmatch(text):
        return _UNREADABLE
    value = _float(text) * _FACTORS[unit]
    return (value, False) if math.isfinite(value) else _UNREADABLE


def _float(text: str) -> float:
    return float(text.replace(",", "").replace(" ", ""))
