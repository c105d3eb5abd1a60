"""Walk a JSON object of features one by one: does it end, how many are there, what else is said?

The features are not kept, so a large file costs its text and no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geo.reader import encoding
from geo.reader.job import Job
from geo.reader.only_file import only_file
from geo.reader.refused import Refused
from schemas.formats import FORMATS

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_SPACE = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode

Feature = dict[str, Any]


def open_text(job: Job) -> tuple[Path, str, str]:
    """The one JSON file of the job as UTF-8 without a mark: its path, text, original encoding."""
    path = only_file(job)
    data = path.read_bytes()
    found = encoding.decide(data, job.encoding)
    text = encoding.convert(data, found).text.removeprefix("\ufeff")
    if "\\u0000" in text:  # GDAL would end the value there; so the row is marked unreadable
        text = _NUL.sub(r"\1\\ufffd", text)
    plain = job.work / f"data{FORMATS[job.format].suffixes[0]}"
    plain.write_text(text, "utf-8")
    return plain, text, found


def walk(text: str, on_feature: Callable[[Feature], None]) -> dict[str, Any]:
    """Call `on_feature` for each of the outer object's `features`; returns its members.

    In the place of the features stands their `slice` of the text.

    Raises `Refused`: json_broken where the structure does not end or is none, service_error where
    it is a server's error message, incomplete_page where the server says that there is more.
    """
    try:
        members = _outer(text, on_feature)
    except (json.JSONDecodeError, RecursionError, IndexError) as error:
        raise Refused("json_broken", str(error)) from error
    if members.get("error"):
        raise Refused("service_error", json.dumps(members["error"], ensure_ascii=False))
    properties = members.get("properties")
    for said in (members, properties if isinstance(properties, dict) else {}):
        if said.get("exceededTransferLimit"):
            raise Refused("incomplete_page")
    return members


def _outer(text: str, on_feature: Callable[[Feature], None]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    at = _expect(text, 0, "{")
    while text[at] != "}":
        if members:
            at = _expect(text, at, ",")
        key, at = _decode(text, at)
        at = _expect(text, at, ":")
        if key == "features" and text[at] == "[":
            start, at = at, _array(text, at, on_feature)
            members[key] = slice(start, at)
        else:
            members[key], at = _decode(text, at)
        at = _skip(text, at)
    if _skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("more after the end", text, at)
    return members


def _array(text: str, at: int, on_feature: Callable[[Feature], None]) -> int:
    at = _expect(text, at, "[")
    first = True
    while text[at] != "]":
        if not first:
            at = _expect(text, at, ",")
        feature, at = _decode(text, at)
        if not isinstance(feature, dict):
            raise json.JSONDecodeError("a feature is not an object", text, at)
        on_feature(feature)
        at, first = _skip(text, at), False
    return at + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, character: str) -> int:
    """Past `character` and the space around it."""
    at = _skip(text, at)
    if text[at] != character:
        raise json.JSONDecodeError(f"expected {character}", text, at)
    return _skip(text, at + 1)
