"""Numbers as people write them, and Thai areas -> m2.

1 rai = 1600 m2, 1 ngan = 400 m2, 1 square wah = 4 m2. What is not surely one number (a range, an
estimate, a comma that does not part thousands) is unreadable, never half read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.values.distinct import Column, Mask, as_array, as_text, distinct
from geo.values.text import arabic_digits, clean_text, matches
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

# RE2, of whole columns: what Arrow and `float` both read (without blanks and commas), each to the
# nearest double.
_ASCII_NUMBER = r"^ *-?(?:\d{1,18}|\d{1,3}(?:,\d{3}){1,5})(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})? *$"
_SMALLEST, _LARGEST = 1e-2, 1e15
"""Between them a double's shortest text has no more than 18 digits before and after its point."""

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
    return _typed(column) if _is_number(column) else _parsed(as_text(column), _number)


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
    factor = _FACTORS.get(unit)
    if factor is not None and reads_as_written(column):
        no = np.zeros(len(column), dtype=np.bool_)
        return ParsedNumbers(pc.multiply(_typed(column).values, factor), no)
    return _parsed(as_text(column), lambda text: _area(text, unit), factor)


def reads_as_written(column: Column) -> bool:
    """Whether a column of numbers is what its text would be read as, so that none need be made.

    Not so where a value is not finite, or has more digits than a number in words may have.
    """
    if not _is_number(column):
        return False
    size = np.abs(_floats(as_array(column.drop_null())))
    return bool(((size == 0) | ((size >= _SMALLEST) & (size < _LARGEST))).all())


def parse_rai_ngan_wah(rai: Column, ngan: Column, wah: Column) -> ParsedNumbers:
    """Areas in m2 from three columns; a blank counts as 0 unless all three are blank."""
    columns = [parse_number(column) for column in (rai, ngan, wah)]
    values = np.array([column.values.to_numpy(zero_copy_only=False) for column in columns])
    unreadable = np.any([column.unreadable for column in columns], axis=0)
    absent = np.isnan(values).all(axis=0)
    total = np.array([RAI, NGAN, SQUARE_WAH]) @ np.nan_to_num(values)
    return ParsedNumbers(pa.array(total, mask=absent | unreadable), unreadable)


def _is_number(column: Column) -> bool:
    return bool(pa.types.is_floating(column.type) or pa.types.is_integer(column.type))


def _floats(column: pa.Array) -> NDArray[np.float64]:
    """To the nearest double, as `float` reads the digits of a long integer."""
    values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy(
        zero_copy_only=False
    )
    return values


def _typed(column: Column) -> ParsedNumbers:
    """Numbers already; NaN is a null, and what is infinite is unreadable."""
    values = _floats(as_array(column))
    return ParsedNumbers(pa.array(values, mask=~np.isfinite(values)), np.isinf(values))


def _parsed(
    text: pa.Array, read: Callable[[str], Read], factor: float | None = 1.0
) -> ParsedNumbers:
    """Plain numbers by Arrow (times `factor`, if they are any), the others one by one."""
    plain = matches(text, _ASCII_NUMBER) if factor is not None else np.zeros(len(text), np.bool_)
    digits = pc.ascii_trim(pc.replace_substring(text, ",", ""), characters=" ")
    values = pc.if_else(pa.array(plain), digits, None).cast(pa.float64())
    values = values if factor == 1.0 else pc.multiply(values, factor)
    others = ~plain & np.asarray(pc.is_valid(text))
    unreadable = np.zeros(len(text), dtype=np.bool_)
    if others.any():
        found = distinct(text.filter(pa.array(others)))
        answers = [read(_plain(value)) for value in found.values]
        spread = found.spread([value for value, _ in answers], pa.float64())
        values = pc.replace_with_mask(values, pa.array(others), spread)
        unreadable[others] = found.spread_mask([unread for _, unread in answers])
    return ParsedNumbers(values, unreadable)


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
