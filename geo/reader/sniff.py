"""What bytes are, whatever the file is called. Looked at before any parser sees them."""

from __future__ import annotations

import re
from pathlib import Path

from geo.reader.refused import Refused
from schemas.formats import FORMATS

HEAD_BYTES = 64 * 1024
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\x00\x00\x27\x0a", "shp"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
)
_POINTER = re.compile(
    rb"<\s*(OGRVRT|VRTDataset|OGRWFSDataSource|OGRCSW|OGRWCS|WCS_GDAL|GDAL_WMS|GDAL_WMTS)"
    rb'|"gdal_streamed_alg"',
    re.IGNORECASE,
)
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.DOTALL)
_ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def kind(path: Path) -> str:
    """One word for the content: zip, sqlite, shp, xml, html, json, text, binary, empty, ..."""
    head = _head(path)
    if not head:
        return "empty"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    for mark in BYTE_ORDER_MARKS:
        head = head.removeprefix(mark)
    text = head.lstrip()
    if _HTML.match(text):
        return "html"
    if text.startswith(b"<"):
        return "xml"
    if text.startswith((b"{", b"[")):
        return "json"
    return "text" if _is_text(path, head) else "binary"


def require(path: Path, name: str, format: str) -> str:
    """The kind of a delivered file, if it is one that `format` may have; else `Refused`."""
    found = kind(path)
    refuse_pointer(path)
    if found == "html":
        raise Refused("html_page", name)
    if found == "empty":
        raise Refused("file_empty", name)
    if found not in FORMATS[format].kinds:
        if name.lower().endswith(".zip"):
            raise Refused("not_a_zip", f"{name}: {found}")
        raise Refused("format_mismatch", f"{name}: {found}, {format}")
    return found


def refuse_pointer(path: Path) -> None:
    """A file that would make GDAL open other files or addresses is refused under any name."""
    if _POINTER.search(_head(path)):
        raise Refused("pointer_file", path.suffix)


def refuse_entities(head: bytes) -> None:
    """XML that declares a document type or an entity can expand without end."""
    if _ENTITY.search(head):
        raise Refused("xml_entities")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _is_text(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        marked = file.read(2) in BYTE_ORDER_MARKS  # UTF-16 has NUL bytes and is text
    return marked or b"\x00" not in head
