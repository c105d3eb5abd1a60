"""Dates and years as Thai registers write them -> the common era.

A year of 2400 to 2700 is of the Buddhist Era (CE = BE - 543), one of 1800 to 2200 of the common
era, unless พ.ศ. or ค.ศ. says otherwise; what lies between or beyond is no year. A two-digit year is
ambiguous unless the source declares its era (BE: 25yy, CE: 1970 to 2069). The day stands before the
month, as everywhere in Thailand. A date with no day is no date: nothing is made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.values.distinct import Column, Mask, as_text, distinct, indices_of, spread_mask
from geo.values.text import arabic_digits, clean_text, matches
from schemas.models import Era

_BANGKOK = timezone(timedelta(hours=7))
_BUDDHIST_OFFSET = 543

_MONTHS = (
    ("มกราคม", "มกรา", "มค", "january", "jan"),
    ("กุมภาพันธ์", "กุมภา", "กพ", "february", "feb"),
    ("มีนาคม", "มีนา", "มีค", "march", "mar"),
    ("เมษายน", "เมษา", "เมย", "april", "apr"),
    ("พฤษภาคม", "พฤษภา", "พค", "may"),
    ("มิถุนายน", "มิถุนา", "มิย", "june", "jun"),
    ("กรกฎาคม", "กรกฎา", "กค", "july", "jul"),
    ("สิงหาคม", "สิงหา", "สค", "august", "aug"),
    ("กันยายน", "กันยา", "กย", "september", "sept", "sep"),
    ("ตุลาคม", "ตุลา", "ตค", "october", "oct"),
    ("พฤศจิกายน", "พฤศจิกา", "พย", "november", "nov"),
    ("ธันวาคม", "ธันวา", "ธค", "december", "dec"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}

_ERA = r"(?P<era>พ\.?ศ\.?|ค\.?ศ\.?|b\.?e\.?|c\.?e\.?|a\.?d\.?)?"
_TIME = r"(?:[t ]\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?(?: ?น\.?)?)?"
_YEAR = rf"{_ERA} ?(?P<year>\d{{2,5}})"
_DATES = (
    re.compile(
        rf"(?P<year>\d{{4}})(?P<s>[-/.])(?P<month>\d{{1,2}})(?P=s)(?P<day>\d{{1,2}}){_TIME}"
    ),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(
        r"(?P<day>\d{1,2}) ?(?P<s>[-/.]) ?(?P<month>\d{1,2}) ?(?P=s) ?"
        rf"(?P<year>\d{{2,5}}){_TIME}"
    ),
    re.compile(
        r"(?:วันที่ ?)?(?P<day>\d{1,2})[ \-/]*(?:เดือน ?)?"
        rf"(?P<name>[ก-ฮะ-์a-z][ก-ฮะ-์a-z. ]*?)[.,]?[ \-/]*(?:ปี ?)?{_YEAR}{_TIME}"
    ),
)
_PLAIN_DATES = (
    r"^(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$",
    r"^(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})$",
)
"""What RE2 takes apart in whole columns, of the forms of `_DATES`."""
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}.*(?:z|[+-]\d{2}:?\d{2})")
_YEARS = re.compile(rf"(?:ปี ?)?{_YEAR}(?:\.0+)?")

Read: TypeAlias = tuple[int | None, bool]
"""(year of the common era, or None; whether it is ambiguous)."""


@dataclass(frozen=True)
class ParsedDates:
    """date32 by row; null where absent, unreadable or ambiguous."""

    values: pa.Array
    unreadable: Mask
    ambiguous: Mask


@dataclass(frozen=True)
class ParsedYears:
    """int64 by row, common era; null where absent, unreadable or ambiguous."""

    values: pa.Array
    unreadable: Mask
    ambiguous: Mask


def parse_dates(column: Column, era: Era | None = None) -> ParsedDates:
    """Dates; `era` is that of two-digit years. Times are dropped (an instant is Bangkok's date)."""
    encoded = as_text(column).dictionary_encode()
    found, rows = _dates(encoded.dictionary, era), indices_of(encoded)
    return ParsedDates(
        found.values.take(encoded.indices),
        spread_mask(found.unreadable, rows),
        spread_mask(found.ambiguous, rows),
    )


def _dates(texts: pa.Array, era: Era | None) -> ParsedDates:
    """Those of a plain form all at once, the others one by one."""
    days, plain = _plain_days(texts)
    unreadable, ambiguous = plain & np.isnat(days), np.zeros_like(plain)
    others = np.flatnonzero(~plain)
    for place, text in zip(others, texts.take(pa.array(others)).to_pylist(), strict=True):
        days[place], unreadable[place], ambiguous[place] = _date(_plain(text), era)
    return ParsedDates(pa.array(days, pa.date32()), unreadable, ambiguous)


def _plain_days(texts: pa.Array) -> tuple[NDArray[np.datetime64], Mask]:
    """Days of whole columns (NaT where there is no such day), and where the text is that plain."""
    days = np.full(len(texts), "NaT", dtype="datetime64[D]")
    plain = np.zeros(len(texts), dtype=np.bool_)
    for form in _PLAIN_DATES:
        fits = matches(texts, form)
        parts = pc.extract_regex(texts.filter(pa.array(fits)), form)
        numbers = [pc.struct_field(parts, part) for part in ("y", "m", "d")]
        days[fits] = _days(*(np.asarray(number.cast(pa.int64())) for number in numbers))
        plain |= fits
    return days, plain


def _days(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.datetime64]:
    buddhist, common = (year >= 2400) & (year <= 2700), (year >= 1800) & (year <= 2200)
    months = (np.where(buddhist, year - _BUDDHIST_OFFSET, year) - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1)
    there = (buddhist | common) & (month >= 1) & (month <= 12) & (days.astype(first.dtype) == first)
    return np.where(there, days, np.datetime64("NaT", "D"))


def parse_years(column: Column, era: Era | None = None) -> ParsedYears:
    """Calendar years. A fiscal year (ปีงบประมาณ) or a range of years is no calendar year."""
    found = distinct(column)
    read = [_calendar_year(_plain(value), era) for value in found.values]
    return ParsedYears(
        found.spread([year for year, _, _ in read], pa.int64()),
        found.spread_mask([unreadable for _, unreadable, _ in read]),
        found.spread_mask([ambiguous for _, _, ambiguous in read]),
    )


def _plain(text: str) -> str:
    return arabic_digits(clean_text(text) or "").casefold()


def _calendar_year(text: str, era: Era | None) -> tuple[int | None, bool, bool]:
    if not text:
        return None, False, False
    match = _YEARS.fullmatch(text)
    year, ambiguous = _year(match["year"], match["era"], era) if match else (None, False)
    return year, year is None and not ambiguous, ambiguous


def _date(text: str, era: Era | None) -> tuple[date | None, bool, bool]:
    """(date, whether it is unreadable, whether it is ambiguous)."""
    if not text:
        return None, False, False
    match = next((found for form in _DATES if (found := form.fullmatch(text))), None)
    if match is None:
        day = _instant(text)
        return day, day is None, False
    parts = match.groupdict()
    year, ambiguous = _year(parts["year"], parts.get("era"), era)
    name = re.sub(r"[. ]", "", parts.get("name") or "")
    month = _MONTH_OF.get(name, 0) if name else int(parts["month"])
    if ambiguous and 1 <= month <= 12 and 1 <= int(parts["day"]) <= 31:
        return None, False, True
    try:
        return date(year or 0, month, int(parts["day"])), False, False
    except ValueError:
        return None, True, False


def _instant(text: str) -> date | None:
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(_BANGKOK).date()
    except ValueError:
        return None


def _year(digits: str, said: str | None, declared: Era | None) -> Read:
    number = int(digits)
    era = _said_era(said)
    if len(digits) == 2:
        era = era or declared
        if era is None:
            return None, True
        number += 2500 if era is Era.be else (2000 if number < 70 else 1900)
    buddhist, common = 2400 <= number <= 2700, 1800 <= number <= 2200
    if len(digits) > 4 or (era is Era.be and not buddhist) or (era is Era.ce and not common):
        return None, False
    if buddhist:
        return number - _BUDDHIST_OFFSET, False
    return (number if common else None), False


def _said_era(said: str | None) -> Era | None:
    if not said:
        return None
    return Era.be if said.startswith(("พ", "b")) else Era.ce
