"""Thai text: what is stored, and what is compared.

`clean` is for values that are stored and shown. It changes only how a text is encoded, never how it
reads: NFC, invisible characters out, spaces folded and trimmed, sara am in one piece, marks in
their standard order, Windows' private glyph variants back to letters. Never NFKC: it takes sara am
(U+0E33) apart into U+0E4D U+0E32, and one category becomes two.

`match_key` is for comparing, never for showing. Only there the whole of pythainlp's `normalize` is
applied: beyond `reorder_vowels` (which `clean` uses too) it drops doubled vowels and tone marks,
marks that stand alone, and spaces before marks. No official name of a province, district or
subdistrict is changed by it (tested), yet it is a guess about spelling, so raw text is not touched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.values.distinct import Column, Mask, as_text, distinct, spanned_bytes

ADMIN_PREFIXES = (
    "ท้องถิ่นเขต",
    "สำนักงานเขต",
    "เขต",
    "แขวง",
    "กิ่งอำเภอ",
    "อำเภอ",
    "ตำบล",
    "อ.",
    "ต.",
    "khet ",
    "khwaeng ",
    "amphoe ",
    "tambon ",
)
"""Words before the name of a district or subdistrict; longer ones first where one begins another.

Not จ. (province): จ.ป.ร. is a subdistrict.
"""

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_SPACES = re.compile(r"\s+")
# Where the two functions of pythainlp have something to do; they cost 20-100 us a value.
_DISORDER = re.compile(r"เเ|[่-์][ัิ-ู็ํ]|ํ[่-๋]*า|[ะาำๅ][่-๋]|[^ฤฦ]ๅ")
_DOUBLING = "ะาำๅเแโใไัิีึืฺุู็่้๊๋์ํ๎"
_DOUBLED = re.compile(rf"([{_DOUBLING}]) *\1|[่-๋]{{2}}|(?:^| )[ัิ-ฺ็-๎]")
_SPACE_OUTSIDE_NUMBERS = re.compile(r"(?<!\d) | (?!\d)")
_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

# Glyph variants that old Thai fonts of Windows put in the private use area and that PDFs and forms
# leak into data (the table that HarfBuzz calls "Thai PUA shaping").
_PRIVATE_GLYPHS = str.maketrans(
    {
        0xF700: "ฐ", 0xF70F: "ญ",
        0xF701: "\u0e34", 0xF702: "\u0e35", 0xF703: "\u0e36", 0xF704: "\u0e37",
        0xF705: "\u0e48", 0xF706: "\u0e49", 0xF707: "\u0e4a", 0xF708: "\u0e4b", 0xF709: "\u0e4c",
        0xF70A: "\u0e48", 0xF70B: "\u0e49", 0xF70C: "\u0e4a", 0xF70D: "\u0e4b", 0xF70E: "\u0e4c",
        0xF710: "\u0e31", 0xF711: "\u0e4d", 0xF712: "\u0e47",
        0xF713: "\u0e48", 0xF714: "\u0e49", 0xF715: "\u0e4a", 0xF716: "\u0e4b", 0xF717: "\u0e4c",
        0xF718: "\u0e38", 0xF719: "\u0e39", 0xF71A: "\u0e3a",
    }
)  # fmt: skip

_PRIVATE = re.compile(r"[\uf700-\uf71a]")

# What RE2 looks for in a whole column at once: texts without it are left as they are by the
# functions for one value, which have the word on all others (tested over every character). The
# letters passed are NFC in any order: phinthu is not, which trades places with tone marks.
_PLAIN = r" -~ก-ู฿-๛"
_ALSO_CLEAN = r"\x{a1}-\x{ac}\x{ae}-\x{24f}\x{2010}-\x{2027}\x{2030}-\x{205e}"
_BLANKS = r"^$|^ | $|  "
_UNCLEAN = rf"{_BLANKS}|[^{_PLAIN}{_ALSO_CLEAN}]|{_DISORDER.pattern}"
_TWICE = "|".join(f"{mark} *{mark}" for mark in _DOUBLING)
_NOT_ITS_KEY = rf"{_BLANKS}|[^{_PLAIN}]|[๐-๙]|\d \d|{_DISORDER.pattern}|{_TWICE}"
_NOT_ITS_KEY += r"|[่-๋]{2}|(?:^| )[ัิ-ฺ็-๎]"
_ENDS = " \t\r\n"
_WRITTEN_ALIKE = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)


@dataclass(frozen=True)
class CleanText:
    """Cleaned text; `repaired` where more than blanks at the ends was changed."""

    values: pa.Array
    repaired: Mask


def clean(column: Column) -> CleanText:
    """Text as it is stored; what is blank becomes null (and counts as no repair)."""
    text, repaired = as_text(column), np.zeros(len(column), dtype=np.bool_)
    unclean = matches(text, _UNCLEAN) if not _is_number(column) else repaired
    if not unclean.any():
        return CleanText(text, repaired)
    mended, repaired[unclean] = _mended(text.filter(pa.array(unclean)))
    return CleanText(pc.replace_with_mask(text, pa.array(unclean), mended), repaired)


def _mended(odd: pa.Array) -> tuple[pa.Array, Mask]:
    """Texts of which only the blanks were odd all at once, the others one by one."""
    folded = pc.ascii_trim(pc.replace_substring_regex(odd, r"[\s\x0b]+", " "), characters=" ")
    repaired = np.array(pc.not_equal(folded, pc.ascii_trim(odd, characters=_ENDS)))
    others = matches(folded, _UNCLEAN)
    found = distinct(odd.filter(pa.array(others)))
    cleaned = [clean_text(value) for value in found.values]
    repaired[others] = found.spread_mask(
        [
            new is not None and new != old.strip(_ENDS)
            for old, new in zip(found.values, cleaned, strict=True)
        ]
    )
    spread = found.spread(cleaned, pa.string())
    return pc.replace_with_mask(folded, pa.array(others), spread), repaired


def match_key(column: Column, prefixes: Sequence[str] = ()) -> pa.Array:
    """Keys that are equal where two texts mean the same name; see `key_of`."""
    text = as_text(column)
    others = matches(text, _NOT_ITS_KEY) if not prefixes else np.asarray(pc.is_valid(text))
    keys = pc.replace_substring(pc.ascii_lower(text), " ", "")
    if not others.any():
        return keys
    found = distinct(text.filter(pa.array(others)))
    made = found.spread([key_of(value, prefixes) for value in found.values], pa.string())
    return pc.replace_with_mask(keys, pa.array(others), made)


def matches(text: pa.Array, pattern: str) -> Mask:
    """Where RE2 finds a pattern; not in what is null."""
    found: Mask = np.asarray(pc.fill_null(pc.match_substring_regex(text, pattern), False))
    return found


def without_decimal_zeros(text: pa.Array, number: str = r"\d+") -> pa.Array:
    """`12.0` -> `12`: whole numbers that went through a program that has no integers."""
    if not (spanned_bytes(text) == ord(".")).any():
        return text
    return pc.replace_substring_regex(text, rf"^({number})\.0+$", r"\1")


def _is_number(column: Column) -> bool:
    return any(holds(column.type) for holds in _WRITTEN_ALIKE)


def clean_text(text: str) -> str | None:
    """`clean` of one value."""
    if not text.isascii():
        if _PRIVATE.search(text):
            text = text.translate(_PRIVATE_GLYPHS)
        text = unicodedata.normalize("NFC", text)
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()
    while _DISORDER.search(text) and text != (ordered := _reordered(text)):
        text = unicodedata.normalize("NFC", ordered)
    return text or None


def _reordered(text: str) -> str:
    from pythainlp.util import reorder_vowels  # with it comes all that the package can do

    ordered: str = reorder_vowels(text)
    return ordered


def _normalised(text: str) -> str:
    from pythainlp.util import normalize

    spelt: str = normalize(text)
    return spelt


def key_of(text: str, prefixes: Sequence[str] = ()) -> str | None:
    """`match_key` of one value: cleaned, normalised, casefolded, without spaces and `prefixes`.

    Thai digits become Arabic and all dashes one. A space between two digits stays ("1 11" is not
    "11 1"). Of `prefixes` (in lower case) the first that fits goes, where something is left after
    it. Blank text has no key (None).
    """
    cleaned = clean_text(text)
    if cleaned is None:
        return None
    spelt = _normalised(cleaned) if _DOUBLED.search(cleaned) else cleaned
    folded = _DASHES.sub("-", arabic_digits(spelt).casefold())
    if folded.startswith(tuple(prefixes)):
        prefix = next(prefix for prefix in prefixes if folded.startswith(prefix))
        folded = folded.removeprefix(prefix).strip() or folded
    return _SPACE_OUTSIDE_NUMBERS.sub("", folded)


def arabic_digits(text: str) -> str:
    """๑๒๓ -> 123; everything else as it is."""
    return text.translate(_THAI_DIGITS)
