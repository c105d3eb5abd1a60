"""The physical lines of a CSV: an independent count of its records, and where quotation is wrong.

Arrow follows quotation marks wherever they lead, and so does every parser: two stray marks make one
valid field of all the records between them. Here nothing is parsed. A line is a record, unless it
continues a quoted field that spans lines and holds no records; lines whose quotation cannot be
believed are *faults*, which are taken out before Arrow sees the rest.

All searches go forward once, so that time is linear in the size of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from geo.reader.refused import Refused

LINE_BREAK = re.compile(rb"\r\n|\r|\n")
SHORT = 4096
_LINE = re.compile(rb"[^\r\n]+")


@dataclass(frozen=True)
class Fault:
    """Whole lines between two offsets, each of them a bad record.

    `before` is the number of good records in front of it.
    """

    start: int
    end: int
    before: int
    lines: int
    code: str


@dataclass
class Structure:
    """What stands in a CSV: `records` counts those in faults as well."""

    records: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """Physical lines that are no record."""
        return sum(fault.lines for fault in self.faults)


class Scanner:
    """Scans text in UTF-8 whose records have `fields` fields each."""

    def __init__(self, delimiter: str, fields: int) -> None:
        self.delimiter = delimiter.encode()
        self.fields = fields
        self._stops = frozenset(self.delimiter + b"\r\n")
        between = re.escape(self.delimiter)
        opens = rb"(?<![^" + between + rb'\r\n])"'
        self._plain = re.compile(_plain(opens, between, rb'[^"]*+'))
        self._plain_in_line = re.compile(_plain(opens, between, rb'[^"\r\n]*+'))
        self._quoted = re.compile(opens + rb'(?:[^"]++|"")*+("?)')
        value = rb'(?>"(?:[^"]++|"")*+"|(?!")[^' + between + rb"\r\n]*+)"
        more = rb"(?:" + between + value + rb"){%d}" % (fields - 1)
        self._record = re.compile(value + more + rb"(?![^\r\n])")

    def scan(self, text: bytes, start: int, most_bad: int) -> Structure:
        """The structure of `text` from `start`. Raises `Refused` beyond `most_bad` bad lines."""
        found = Structure()
        line = since = start
        folded = bad = 0  # lines that continue a record; lines in faults
        while (opening := _end(self._plain, text, line)) < len(text):
            line = _line_start(text, line, opening)
            end, code = self._judge(text, line, opening)
            lines = count_lines(text, line, end)
            if code is None:
                folded += lines - 1
            else:
                found.records += count_lines(text, since, line) - folded
                found.faults.append(Fault(line, end, found.records - bad, lines, code))
                found.records += lines
                bad += lines
                since, folded = end, 0
                if bad > most_bad:
                    raise Refused("too_many_bad_rows", f"{bad} ({found.records}: {code})")
            line = end
        found.records += count_lines(text, since, len(text)) - folded
        return found

    def _judge(self, text: bytes, line: int, opening: int) -> tuple[int, str | None]:
        """Where the record ends that stands at `line`, and what is wrong with it.

        `opening` is its first quotation mark that does not close on its own line, as it should.
        """
        if (end := self._plainly_one(text, line)) is not None:
            return _line_end(text, end), None
        at = opening
        while True:
            quoted = self._quoted.match(text, at)
            assert quoted is not None
            closed = bool(quoted[1]) and self._stops_at(text, quoted.end())
            if not closed:
                within = bool(quoted[1]) and not LINE_BREAK.search(quoted[0])
                return _line_end(text, at), "text_after_quote" if within else "quote_unclosed"
            at = _end(self._plain_in_line, text, quoted.end())
            if at == len(text) or text[at] in b"\r\n":
                return _line_end(text, at), self._verdict(text[line:at])

    def _plainly_one(self, text: bytes, line: int) -> int | None:
        """Where a record ends that has its fields, and too few delimiters in them for another.

        Most records that span lines are such, and one look is enough for them.
        """
        record = self._record.match(text, line)
        if record is None:
            return None
        between = self.fields - 1
        within = text.count(self.delimiter, line, record.end()) - between
        return None if 0 < between <= within else record.end()

    def _stops_at(self, text: bytes, at: int) -> bool:
        return at == len(text) or text[at] in self._stops

    def _verdict(self, record: bytes) -> str | None:
        """Of a record that spans lines: has it its fields, and does none of them hold records?"""
        at = column = 0
        for quoted in self._quoted.finditer(record):
            column += record.count(self.delimiter, at, quoted.start())
            at = quoted.end()
            if self._holds_records(quoted[0], column):
                return "records_in_quotes"
        column += record.count(self.delimiter, at)
        return None if column + 1 == self.fields else "wrong_field_count"

    def _holds_records(self, quoted: bytes, column: int) -> bool:
        """Whether a quoted field, split at its line breaks, splits into records again.

        Either one of its lines has as many fields as the header, or its first and its last line
        have, if the two quotation marks are taken for stray ones. In a file of one column nothing
        tells a record from a line of text.
        """
        more = self.fields - 1
        if more == 0 or quoted.count(self.delimiter) < more:
            return False
        counts = [line.count(self.delimiter) for line in LINE_BREAK.split(quoted)]
        stray = (counts[0], counts[-1]) == (more - column, column)
        return len(counts) > 1 and (more in counts or stray)


def count_lines(text: bytes, start: int, end: int) -> int:
    """Lines with at least one character, whatever ends them."""
    if end - start < SHORT:
        return len(_LINE.findall(text, start, end))
    feeds, returns, both = (text.count(mark, start, end) for mark in (b"\n", b"\r", b"\r\n"))
    if any(text.find(two, start, end) >= 0 for two in _blank_lines(feeds, returns, both)):
        return sum(1 for _ in _LINE.finditer(text, start, end))
    breaks = feeds + returns - both
    first = text[start : min(start + 1, end)]
    last = text[max(start, end - 1) : end]
    return breaks - (first in (b"\r", b"\n")) + (last not in (b"", b"\r", b"\n"))


def _blank_lines(feeds: int, returns: int, both: int) -> tuple[bytes, ...]:
    """What shows a blank line, among line breaks of these kinds: each search is a pass."""
    if not returns:
        return (b"\n\n",)
    return (b"\n\r",) if feeds == returns == both else (b"\n\n", b"\n\r", b"\r\r")


def _plain(opens: bytes, between: bytes, outside: bytes) -> bytes:
    """Text whose quotation is plain, as far as it goes: it matches everywhere.

    A quoted field ends on its line, and a mark within it is doubled. The mark that ends one field
    and the one that opens the next are taken together, which is twice as fast. A mark inside an
    unquoted field is a character as any other.
    """
    doubled_or_next = rb'"' + between + rb'?+"[^"\r\n]*+'
    closes = rb'"(?![^' + between + rb"\r\n])"
    quoted = opens + rb'[^"\r\n]*+(?:' + doubled_or_next + rb")*+" + closes
    literal = opens.replace(b"(?<![^", b"(?<=[^")
    return outside + rb"(?:(?:" + quoted + rb"|" + literal + rb")" + outside + rb")*+"


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _line_start(text: bytes, earliest: int, at: int) -> int:
    return max(earliest, text.rfind(b"\n", earliest, at) + 1, text.rfind(b"\r", earliest, at) + 1)


def _line_end(text: bytes, at: int) -> int:
    """Offset past the line break that follows."""
    found = LINE_BREAK.search(text, at)
    return found.end() if found else len(text)
