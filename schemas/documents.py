"""A YAML file as plain values, with the line of every key, so that an error can point at it.

Plain words are read by the YAML 1.2 core schema, as editors do: `no` is a word, `12:30` and
`2024-01-31` are text (PyYAML's YAML 1.1 makes them false, 750 and a date), and digits that begin
with a zero are a code, not a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import Finding

Location = tuple[str | int, ...]
"""Way to a value: keys and indexes from the top of the document."""

Problem = tuple[Location, str]
"""What a check found: where in the document, and what is wrong."""

MAX_BYTES = 1_000_000
"""A declaration is a page or two; anything far larger is not one."""

MAX_DEPTH = 20
"""Deepest nesting; the models need seven."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)


@dataclass(frozen=True)
class Document:
    """A parsed file: its value, and the line (from 1) of each location in it."""

    path: Path
    value: Any
    lines: dict[Location, int]

    def existing(self, location: Location) -> Location:
        """The location without the steps that the file does not have, e.g. a missing key."""
        found: Location = ()
        for step in location:
            if (*found, step) in self.lines:
                found = (*found, step)
        return found

    def line(self, location: Location) -> int:
        """Line of the location, or of the nearest thing around it that the file has."""
        return self.lines[self.existing(location)]

    def finding(self, location: Location, message: str) -> Finding:
        """A finding at the location."""
        return Finding(self.path, self.line(location), message)


class _Refused(Exception):
    """What will not be read: the line (0: the file as a whole) and the reason."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason


def read_document(path: Path) -> Document | Finding:
    """Parse one YAML file; what makes it unreadable comes back as a finding.

    Duplicate keys, aliases (a few lines of them can stand for gigabytes) and tags are refused.
    """
    try:
        root = _compose(_text(_bytes(path)))
        walk = _Walk()
        return Document(path, walk.value(root, ()), walk.lines)
    except OSError as error:
        return Finding(path, 0, f"the file cannot be read: {error.strerror}")
    except _Refused as error:
        return Finding(path, error.line, error.reason)


def _bytes(path: Path) -> bytes:
    """The file's bytes, and of a far too large one no more than shows that it is."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise _Refused(0, "this is not a file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _text(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _Refused(0, f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _Refused(line, "the file is not UTF-8; save it as UTF-8") from error


def _compose(text: str) -> yaml.Node:
    try:
        _refuse_traps(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        reason = ", ".join(filter(None, (error.context, error.problem)))
        raise _Refused(line, f"this is not YAML: {reason}") from error
    except yaml.YAMLError as error:
        raise _Refused(0, f"this is not YAML: {' '.join(str(error).split())}") from error
    if root is None:
        raise _Refused(0, "the file is empty")
    return root


def _refuse_traps(text: str) -> None:
    """Refuse deep nesting and aliases before composing.

    Events are a flat stream; composing is recursive, and 200,000 brackets are a segmentation fault.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _Refused(_line(event), f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise _Refused(_line(event), f"alias `*{event.anchor}`: write the value out")


def _line(at: yaml.Node | yaml.Event) -> int:
    return at.start_mark.line + 1 if at.start_mark else 0


class _Walk:
    """Nodes to values, noting lines on the way."""

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {}

    def value(self, node: yaml.Node, location: Location) -> Any:
        line = _line(node)
        self.lines.setdefault(location, line)
        if node.tag not in _PLAIN_TAGS:
            raise _Refused(line, f"tag `{node.tag}`: declarations are plain values")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*location, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(line, "a key is a word, not a list or a mapping")
            key = str(key_node.value)
            if key in mapping:
                first = self.lines[(*location, key)]
                raise _Refused(line, f"key `{key}` is already given on line {first}")
            self.lines[(*location, key)] = line
            mapping[key] = self.value(value_node, (*location, key))
        return mapping


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text = str(node.value)
    if node.style:  # quoted, or a block: text whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if text[-1].isdigit() and _NUMBER.fullmatch(text):
        return float(text)
    return text
