"""One pass over a KML: what its placemarks say, and their shapes as one flat document for GDAL.

LIBKML makes a layer of each folder, guesses types by folder, and folds names that differ in a
letter that it does not know (all of Thai) into one column. So the words are read here, as they are
written, and only the shapes are left to it: placemarks one after another, in one document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TextIO
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from geo.reader.formats.sparse import SparseColumns
from geo.reader.refused import Refused

MAX_DEPTH = 90
"""Elements within elements: beyond a hundred LIBKML reads nothing, and does not say why."""

OPENING = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2" '
    'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>\n'
)
CLOSING = "</Document></kml>\n"

_CONTAINERS = frozenset({"Document", "Folder"})
_AROUND = _CONTAINERS | {"kml"}
_SHAPES = frozenset(
    [
        "Point",
        "LineString",
        "LinearRing",
        "Polygon",
        "MultiGeometry",
        "Model",
        "Track",
        "MultiTrack",
    ]
)
_PLACES = frozenset({"coordinates", "coord"})
_GOOGLE = frozenset({"Track", "MultiTrack", "coord", "angles", "interpolate"})
"""LIBKML knows these under Google's prefix alone, whatever they are called since KML 2.3."""

_OWN = {
    "name": "name",
    "description": "description",
    "TimeStamp/when": "timestamp",
    "TimeSpan/begin": "begin",
    "TimeSpan/end": "end",
}
"""What is about the place and not its looks, by the path below its placemark."""
_VALUE, _SIMPLE = "ExtendedData/Data/value", "ExtendedData/SchemaData/SimpleData"

_ODD = re.compile(r"[^-+.,0-9eE\s]")
"""What no coordinates hold; LIBKML reads the numbers around it, as if it were not there."""

_MARKUP = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^\s<>/:!?]+:)?(Placemark)(?=[\s/>])", re.DOTALL
)


def count(text: str) -> int:
    """Placemarks by their start tags, outside comments and CDATA, for text that is XML.

    It shares nothing with the walk: what stands where no placemark can is counted here, and not
    read there.
    """
    return sum(1 for tag in _MARKUP.finditer(text) if tag[1])


class Walk:
    """Placemarks in the order of the document.

    `own` are KML's own fields and `data` the agency's, by row. One item for each placemark have
    `located` (it says where it is), `garbled` (in what is no number) and `folder` (index of its
    container); `links` counts references to other files.
    """

    def __init__(self, text: str, shapes: TextIO) -> None:
        """Raises `Refused`: xml_broken, xml_entities, format_mismatch, too_deep."""
        self.own, self.data, self.ids = SparseColumns(), SparseColumns(), SparseColumns()
        self.located: list[bool] = []
        self.garbled: list[bool] = []
        self.folder: list[int] = []
        self.links = 0
        self._shapes = shapes
        self._names: list[str | None] = []
        self._open: list[tuple[int, int]] = []  # depth and index of the containers around
        self._path: list[str] = []
        self._placemark = 0  # depth of the open one
        self._shape = 0  # depth of the open one
        self._text: list[str] | None = None
        self._text_depth = 0
        self._said_name = ""
        shapes.write(OPENING)
        self._parse(text)
        shapes.write(CLOSING)

    def folder_names(self) -> list[str]:
        """Names of all containers, each of them once; GDAL's for those without a name."""
        seen: Counter[str] = Counter()
        names = []
        for position, said in enumerate(self._names):
            unnamed = f"Layer{position - 1}" if position else "data"
            name = unnamed if said is None else said.strip()
            seen[name] += 1
            names.append(name if seen[name] == 1 else f"{name} (#{seen[name]})")
        return names

    def _parse(self, text: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_entities
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            raise Refused("xml_broken", str(error)) from error

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        local = tag.rpartition(":")[2]
        parent = self._path[-1] if self._path else None
        self._path.append(local)
        self._refuse_root_or_depth(local)
        if self._shape:
            self._write_start(local)
        elif self._text is not None:
            said = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
            self._text.append(f"<{tag}{said}>")
        elif self._placemark:
            self._start_below_placemark(local, attributes)
        elif local == "Placemark" and parent in _AROUND:
            self._start_placemark(attributes)
        elif local in _CONTAINERS and parent in _AROUND:
            self._enter_container(len(self._path))
        elif local == "name" and self._open and self._open[-1][0] == len(self._path) - 1:
            self._capture()
        elif local == "NetworkLink":
            self.links += 1

    def _refuse_root_or_depth(self, local: str) -> None:
        if len(self._path) == 1 and local != "kml":
            raise Refused("format_mismatch", f"<{local}>, kml")
        if len(self._path) > MAX_DEPTH:
            raise Refused("too_deep", f"> {MAX_DEPTH}")

    def _enter_container(self, depth: int) -> None:
        self._open.append((depth, len(self._names)))
        self._names.append(None)

    def _start_placemark(self, attributes: Mapping[str, str]) -> None:
        if not self._open:
            self._enter_container(1)  # directly below <kml>
        self._placemark = len(self._path)
        self.folder.append(self._open[-1][1])
        self.located.append(False)
        self.garbled.append(False)
        if "id" in attributes:
            self.ids.put("id", self._row, attributes["id"])
        self._shapes.write("<Placemark>")

    @property
    def _row(self) -> int:
        return len(self.folder) - 1

    def _start_below_placemark(self, local: str, attributes: Mapping[str, str]) -> None:
        if local in _SHAPES and len(self._path) == self._placemark + 1:
            self._shape = len(self._path)
            self._write_start(local)
        elif local in _SHAPES:
            self.located[-1] = True  # where LIBKML looks for none
        elif local in ("Data", "SimpleData"):
            self._said_name = attributes.get("name", "")
        below = "/".join(self._path[self._placemark :])
        if below in _OWN or below in (_VALUE, _SIMPLE):
            self._capture()

    def _capture(self) -> None:
        self._text, self._text_depth = [], len(self._path)

    def _characters(self, text: str) -> None:
        if self._shape:
            self._shapes.write(escape(text))
            if self._path[-1] in _PLACES and not text.isspace():
                self.located[-1] = True
                self.garbled[-1] |= _ODD.search(text) is not None
        elif self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        depth = len(self._path)
        if self._shape:
            self._shapes.write(f"</{_for_libkml(self._path[-1])}>")
            self._shape = 0 if depth == self._shape else self._shape
        elif self._text is not None:
            self._end_text(tag, depth)
        elif depth == self._placemark:
            self._shapes.write("</Placemark>\n")
            self._placemark = 0
        elif self._open and depth == self._open[-1][0]:
            self._open.pop()
        self._path.pop()

    def _end_text(self, tag: str, depth: int) -> None:
        assert self._text is not None
        if depth > self._text_depth:
            self._text.append(f"</{tag}>")
            return
        text, self._text = "".join(self._text), None
        below = "/".join(self._path[self._placemark :])
        if not self._placemark:
            self._names[self._open[-1][1]] = text
        elif below in _OWN:
            self.own.put(_OWN[below], self._row, text)
        else:
            self.data.put(self._said_name, self._row, text)

    def _write_start(self, local: str) -> None:
        if local == "Model":
            self.located[-1] = True
        self._shapes.write(f"<{_for_libkml(local)}>")


def _for_libkml(local: str) -> str:
    return f"gx:{local}" if local in _GOOGLE else local


def _refuse_entities(*_: object) -> None:
    raise Refused("xml_entities")
