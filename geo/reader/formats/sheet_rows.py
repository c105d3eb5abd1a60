"""The rows of a spreadsheet by its own XML: an independent count, and the area that they use.

Expat walks each sheet once, in blocks, and keeps nothing of it: so time is linear, memory is
small, and a document that is cut is seen as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO
from xml.parsers import expat

from geo.reader.refused import Refused

BLOCK_BYTES = 1 << 20
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SHARED_STRINGS = "xl/sharedStrings.xml"
_ADDRESS = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
Attributes = dict[str, str]
Open = Callable[[str], IO[bytes]]


@dataclass
class SheetRows:
    """What one sheet holds: `filled` rows have a value, `blank` ones only errors or empty text."""

    filled: int = 0
    blank: int = 0
    errors: int = 0
    rows: int = 0
    columns: int = 0

    @property
    def cells(self) -> int:
        """Cells of the used area, which calamine makes a grid of."""
        return self.rows * self.columns


@dataclass
class _Cell:
    kind: str
    holds: bool = False  # a value, a formula or a text, be it empty
    text: str = ""


@dataclass
class _Walk:
    """Handlers of one sheet's XML. A row without a number follows the one before it."""

    empty_strings: Collection[int]
    found: SheetRows = field(default_factory=SheetRows)
    row: int = 0
    column: int = 0
    has_value: bool = False
    has_cell: bool = False
    cell: _Cell | None = None
    inside: str = ""

    def start(self, name: str, attributes: Attributes) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            self._address(attributes.get("r"))
            self.cell = _Cell(attributes.get("t", ""))
        elif local in ("v", "t", "f") and self.cell:
            self.cell.holds = True
            self.inside = local
        elif local == "row":
            self.row, self.column = _number(attributes.get("r"), self.row + 1), 0
            self.has_value = self.has_cell = False
        elif local == "rPh":  # how a word is pronounced is no part of its text
            self.inside = local

    def text(self, text: str) -> None:
        if self.cell and self.inside in ("v", "t"):
            self.cell.text += text[:16] if len(self.cell.text) < 16 else ""

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "c" and self.cell:
            self._see(self.cell)
            self.cell = None
        elif local == "row":
            self.found.filled += self.has_value
            self.found.blank += self.has_cell and not self.has_value
        elif local == self.inside:
            self.inside = ""

    def _see(self, cell: _Cell) -> None:
        if not cell.holds:
            return
        self.has_cell = True
        self.found.rows = max(self.found.rows, self.row)
        self.found.columns = max(self.found.columns, self.column)
        if cell.kind == "e":
            self.found.errors += 1
        elif cell.text and not (cell.kind == "s" and self._is_empty(cell.text)):
            self.has_value = True

    def _is_empty(self, index: str) -> bool:
        return index.isdecimal() and int(index) in self.empty_strings

    def _address(self, address: str | None) -> None:
        if address is None:
            self.column += 1
            return
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise Refused("xlsx_broken", f"a cell at {address}")
        self.column, self.row = _column(found[1]), int(found[2])


def _number(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    if not re.fullmatch("[0-9]{1,7}", text):
        raise Refused("xlsx_broken", f"a row at {text}")
    return int(text)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


@dataclass
class _Texts:
    """Which shared strings are empty, by their index."""

    empty: set[int] = field(default_factory=set)
    index: int = -1
    inside: str = ""

    def start(self, name: str, _: Attributes) -> None:
        local = name.rpartition(":")[2]
        if local == "si":
            self.index += 1
            self.empty.add(self.index)
        elif local in ("t", "rPh") and self.inside != "rPh":
            self.inside = local

    def text(self, text: str) -> None:
        if self.inside == "t" and text:
            self.empty.discard(self.index)

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] == self.inside:
            self.inside = ""


def empty_strings(open_member: Open, members: Collection[str]) -> Collection[int]:
    """Indexes of the shared strings of a workbook that have no text. Raises `Refused`."""
    name = _member(SHARED_STRINGS, members)
    if name is None:
        return frozenset()
    texts = _Texts()
    walk(open_member(name), texts.start, texts.text, texts.end)
    return texts.empty


def sheet_members(open_member: Open, members: Collection[str]) -> Mapping[str, str]:
    """The member of each sheet by the sheet's name. Raises `Refused`."""
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: Attributes) -> None:
        if name.rpartition(":")[2] == "sheet":
            relation = [v for k, v in attributes.items() if k.rpartition(":")[2] == "id"]
            ids[attributes.get("name", "")] = relation[0] if relation else ""

    def relation(name: str, attributes: Attributes) -> None:
        if name.rpartition(":")[2] == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for wanted, start in ((WORKBOOK, sheet), (RELATIONS, relation)):
        member = _member(wanted, members)
        if member is None:
            raise Refused("xlsx_broken", f"no {wanted}")
        walk(open_member(member), start)
    found = {name: _member(_path(targets.get(key, "")), members) for name, key in ids.items()}
    return {name: member for name, member in found.items() if member is not None}


def _path(target: str) -> str:
    """A relation's target as a member's name; it is written from `xl/`, or from the top."""
    plain = target.removeprefix("/")
    return plain if plain.startswith("xl/") else str(PurePosixPath("xl") / plain)


def _member(name: str, members: Collection[str]) -> str | None:
    folded = {member.casefold(): member for member in members}
    return folded.get(name.casefold())


def count_rows(member: IO[bytes], empty: Collection[int]) -> SheetRows:
    """Walk one sheet. Raises `Refused` (xlsx_broken) if its XML does not end or is none."""
    sheet = _Walk(empty)
    walk(member, sheet.start, sheet.text, sheet.end)
    return sheet.found


def walk(
    document: IO[bytes],
    start: Callable[[str, Attributes], None],
    text: Callable[[str], None] | None = None,
    end: Callable[[str], None] | None = None,
) -> None:
    """Call the handlers for one XML document, and close it. Raises `Refused`."""
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_entities
    try:
        with document:
            while block := document.read(BLOCK_BYTES):
                parser.Parse(block)
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Refused("xlsx_broken", str(error)) from error


def _refuse_entities(*_: object) -> None:
    raise Refused("xml_entities")
