"""How agencies write things: the same value in the ways that are met in real registers.

Functions take clean values and return the agency's spelling. Years are of the common era here.
"""

from __future__ import annotations

from datetime import date

THAI_MONTHS = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
SHORT_MONTHS = (
    "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.",
    "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
)  # fmt: skip
BUDDHIST = 543
NBSP, ZERO_WIDTH = "\u00a0", "\u200b"
SARA_AM, DECOMPOSED_SARA_AM = "\u0e33", "\u0e4d\u0e32"
_THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def thai_digits(text: object) -> str:
    """123 -> ๑๒๓."""
    return str(text).translate(_THAI_DIGITS)


def decomposed(text: str) -> str:
    """Sara am in two pieces, as some keyboards and PDFs leave it: looks the same, is not."""
    return text.replace(SARA_AM, DECOMPOSED_SARA_AM)


def rai_ngan_wah(square_metres: float) -> tuple[int, int, int]:
    """Whole rai, ngan and square wah, rounded down."""
    wah = int(square_metres // 4)
    return wah // 400, wah % 400 // 100, wah % 100


def date_in_thai(day: date) -> str:
    """๑๕ มีนาคม ๒๕๖๗."""
    return thai_digits(f"{day.day} {THAI_MONTHS[day.month - 1]} {day.year + BUDDHIST}")


def date_short(day: date) -> str:
    """15 มี.ค. 2567."""
    return f"{day.day} {SHORT_MONTHS[day.month - 1]} {day.year + BUDDHIST}"


def date_with_era(day: date) -> str:
    """15 มีนาคม พ.ศ. 2567."""
    return f"{day.day} {THAI_MONTHS[day.month - 1]} พ.ศ. {day.year + BUDDHIST}"


def date_slashed(day: date) -> str:
    """15/03/2567."""
    return f"{day.day:02d}/{day.month:02d}/{day.year + BUDDHIST}"


def date_iso_be(day: date) -> str:
    """2567-03-15."""
    return f"{day.year + BUDDHIST}-{day.month:02d}-{day.day:02d}"


def date_two_digits(day: date) -> str:
    """15/03/67: of which era, nobody can say."""
    return f"{day.day:02d}/{day.month:02d}/{(day.year + BUDDHIST) % 100:02d}"


DATE_SPELLINGS = (date_in_thai, date_short, date_with_era, date_slashed, date_iso_be)
