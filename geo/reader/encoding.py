"""Which encoding bytes are in, decided by the bytes; labels are only reported.

Strict UTF-8 first; then CP874, accepted when nearly all of the non-ASCII characters are Thai and
no combining mark starts a word. General charset detectors fail on short Thai text. Bytes that fit
neither are marked with U+FFFD, and the rows that hold the mark become bad rows.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from geo.reader.refused import Refused

Texts = Callable[[], Iterable[bytes]]
"""All the text of a delivery, in as many pieces as it is read in."""
UNREADABLE = "\ufffd"
UTF8_AS_CP874 = "(?:เ[ธน].){4}"
"""Regular expression: a row in UTF-8 inside a CP874 file, where each character became three."""
ASCII = bytes(range(0x80))
THAI = bytes([*range(0xA1, 0xDB), *range(0xDF, 0xFC)])
MIN_THAI_SHARE = 0.95
MAX_UNREADABLE_SHARE = 0.05
PIECE_BYTES = 1 << 20
MAX_STRAY_MARK_SHARE = 0.002  # of Thai characters: a slip of the typist is no other encoding

PUNCTUATION = bytes([0x80, 0x85, *range(0x91, 0x98), 0xA0])  # € … quotes, dashes, NBSP
MARKS = bytes([0xD1, *range(0xD4, 0xDB), *range(0xE7, 0xEF)])  # above and below: vowels, tones
_CLASSES = bytes(
    ord("m") if byte in MARKS else ord("t") if byte in THAI else ord(" ") for byte in range(256)
)
_CUT_TAIL = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})(?=\x00|\Z)"
)
# `เขต` alone in CP874 is also one rare character of UTF-8: neither Thai nor Latin nor punctuation
_THAI_OR_LATIN = re.compile(r"[\u00a0-\u024f\u0e01-\u0e5b\u2000-\u206f\u20ac\ufeff]")


@dataclass(frozen=True)
class Decoded:
    """`cut_tails` counts values that ended in a piece of a character."""

    text: str
    cut_tails: int


def decide(data: bytes, wanted: str = "auto", cut_at_nul: bool = False) -> str:
    """`decide_together` of one text."""
    return decide_together(lambda: (data,), wanted, cut_at_nul)


def decide_together(texts: Texts, wanted: str = "auto", cut_at_nul: bool = False) -> str:
    """The encoding of all `texts` together: ascii, utf-8, utf-16 or cp874.

    They are asked for as often as they are looked at; no value of the delivery goes across two.
    `wanted` is `auto`, or an encoding that the source declares. With `cut_at_nul`, values end at
    NUL and may have lost the end of their last UTF-8 character, as in a DBF.
    Raises `Refused` (encoding_unreadable) when too much fits no encoding.
    """
    if all(text.isascii() for text in texts()):
        return "ascii"
    if next(iter(texts())).startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if wanted != "auto":
        return _mostly(texts, (wanted,), cut_at_nul)

    def whole() -> Iterator[bytes]:
        return (_CUT_TAIL.sub(b"", text) for text in texts()) if cut_at_nul else iter(texts())

    if all(map(_is_utf8, whole())):
        pieces = (piece for text in whole() for piece in _pieces(text, "utf-8", "strict"))
        rare = not any(map(_THAI_OR_LATIN.search, pieces))
        return "cp874" if rare and is_cp874(texts) else "utf-8"
    return "cp874" if is_cp874(texts) else _mostly(texts, ("utf-8", "cp874"), cut_at_nul)


def _mostly(texts: Texts, candidates: tuple[str, ...], cut_at_nul: bool) -> str:
    """The first candidate that leaves few characters unread."""
    for name in candidates:
        unread = beyond_ascii = 0
        for data in texts():
            text = convert(data, name, cut_at_nul).text
            unread += text.count(UNREADABLE)
            beyond_ascii += len(text) - len(text.encode("ascii", "ignore"))
        few = unread <= MAX_UNREADABLE_SHARE * beyond_ascii
        if few and (len(candidates) == 1 or name == "utf-8" or looks_thai(texts)):
            return name
    raise Refused("encoding_unreadable", " / ".join(candidates))


def convert(data: bytes, encoding: str, cut_at_nul: bool = False) -> Decoded:
    """Decode, with U+FFFD where it does not decode; broken tails before a NUL are dropped."""
    if not cut_at_nul or encoding != "utf-8":
        return Decoded(data.decode(encoding, "replace"), 0)
    whole, cut = _CUT_TAIL.subn(b"", data)
    return Decoded(whole.decode(encoding, "replace"), cut)


def as_utf8(data: bytes, encoding: str) -> bytes:
    """The same text in UTF-8 and without a byte order mark; `data` itself where it is that."""
    if encoding == "ascii" or (encoding == "utf-8" and _is_utf8(data)):
        return data.removeprefix(codecs.BOM_UTF8)
    text = b"".join(piece.encode() for piece in _pieces(data, encoding, "replace"))
    return text.removeprefix(codecs.BOM_UTF8)


def _is_utf8(data: bytes) -> bool:
    """Whether all of it decodes. Arrow looks at the bytes, and makes no text of them."""
    ends = pa.py_buffer(struct.pack("=qq", 0, len(data)))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return UNREADABLE.encode() not in data


def _pieces(data: bytes, encoding: str, errors: str) -> Iterator[str]:
    """Text in pieces: as a whole it can take four times the memory of its bytes."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for at in range(0, len(data), PIECE_BYTES):
        yield decoder.decode(data[at : at + PIECE_BYTES])
    yield decoder.decode(b"", final=True)


def is_cp874(texts: Texts) -> bool:
    """Whether bytes decode strictly as CP874 and read as Thai words."""
    return looks_thai(texts) and not any(
        UNREADABLE in convert(text, "cp874").text for text in texts()
    )


def looks_thai(texts: Texts) -> bool:
    """Whether bytes read as CP874 are Thai words."""
    letters = thai = stray = 0
    for data in texts():
        beyond = data.translate(None, ASCII + PUNCTUATION)
        letters += len(beyond)
        thai += len(beyond) - len(beyond.translate(None, THAI))
        stray += (b" " + data.translate(_CLASSES)).count(b" m")
    return thai >= MIN_THAI_SHARE * letters and stray <= MAX_STRAY_MARK_SHARE * thai
