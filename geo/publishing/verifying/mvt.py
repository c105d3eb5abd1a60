"""Reads vector tiles, to check them: which features a tile draws, where, and with which attributes.

After the Mapbox Vector Tile specification 2.1. Not GDAL, which tells of no tile what is in it; and
what counts as drawn here is what a viewer draws. Messages are walked one after another, since only
the length of one says where the next begins; what is in them is read in columns.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers: TypeAlias = npt.NDArray[np.int64]
Octets: TypeAlias = npt.NDArray[np.uint8]

EXTENT: Final = 4096
_LAYER, _NAME, _FEATURE, _KEY, _VALUE, _EXTENT = 3, 1, 2, 3, 4, 5
_TAGS, _KIND, _GEOMETRY = 2, 3, 4
_TEXT, _SIGNED = 0x0A, 0x30
_NUMBERS: Final = (0x20, 0x28, _SIGNED)
_POINT: Final = 1
_MOST_OCTETS: Final = 10
_MOST_FIELDS: Final = 16


class TileDamaged(ValueError):
    """The bytes are no vector tile."""


@dataclass(frozen=True)
class DrawnLayer:
    """One layer of a tile. The arrays have one entry per feature.

    `x` and `y` are the first vertex in units of the tile, of which a side has 4096 (0 is west and
    north). `inside` says whether a viewer draws the feature from this tile: it skips points beyond
    the edge. `texts` and `numbers` have the attributes that were asked for, null and -1 where a
    feature has none.
    """

    name: str
    keys: list[str]
    texts: Mapping[str, pa.StringArray]
    numbers: Mapping[str, Integers]
    x: Integers
    y: Integers
    inside: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Spans:
    """Where messages of one kind lie in the octets."""

    starts: Integers
    sizes: Integers


def read_layers(
    tile: bytes, texts: tuple[str, ...] = (), numbers: tuple[str, ...] = ()
) -> list[DrawnLayer]:
    """The layers of an unpacked tile. Raises TileDamaged."""
    octets = np.frombuffer(tile, np.uint8)
    try:
        return [_read(tile, octets, *part, texts, numbers) for part in layers_of(tile)]
    except (IndexError, ValueError) as error:
        raise TileDamaged(str(error)) from error


def layers_of(tile: bytes) -> list[tuple[int, int]]:
    """Where each layer of an unpacked tile begins and ends."""
    return [(at, at + size) for at, size in _pairs_of(_walk(tile, 0, len(tile)), _LAYER)]


def name_of(tile: bytes, start: int, end: int) -> str:
    """What the layer between them is called."""
    ((at, size),) = _pairs_of(_walk(tile, start, end, until=_NAME), _NAME)
    return tile[at : at + size].decode()


def _read(
    tile: bytes,
    octets: Octets,
    start: int,
    end: int,
    texts: tuple[str, ...],
    numbers: tuple[str, ...],
) -> DrawnLayer:
    fields = _walk(tile, start, end)
    if _pairs_of(fields, _EXTENT) not in ([], [(EXTENT, 0)]):
        raise ValueError("the extent is another one")
    keys = [tile[at : at + size].decode() for at, size in _pairs_of(fields, _KEY)]
    values = _spans(fields[_VALUE])
    tags, kinds, geometries = _split(octets, _spans(fields[_FEATURE]))
    pairs = _pairs(octets, tags)
    x, y = _first_vertices(octets, geometries)
    within = (x >= 0) & (x < EXTENT) & (y >= 0) & (y < EXTENT)
    which = {key: _of(key, keys, pairs, len(kinds)) for key in (*texts, *numbers)}
    return DrawnLayer(
        name=name_of(tile, start, end),
        keys=keys,
        texts={key: _texts(octets, values, which[key]) for key in texts},
        numbers={key: _numbers(octets, values, which[key]) for key in numbers},
        x=x,
        y=y,
        inside=within | (kinds != _POINT),
    )


def _walk(message: bytes, at: int, end: int, until: int | None = None) -> list[array[int]]:
    """Start and size of each field of a message, by its number; of a number, itself and 0.

    This runs once for each feature and each value of a tile. `until`: the fields after one of
    this number are not wanted.
    """
    found = [array("q") for _ in range(_MOST_FIELDS)]
    while at < end:
        tag = message[at]
        size = message[at + 1]
        at += 2
        if size > 127:
            size, at = _varint(message, at - 1)
        field = found[tag >> 3]
        if tag & 7 == 2:
            field.append(at)
            field.append(size)
            at += size
        elif tag & 7 == 0:
            field.extend((size, 0))
        else:
            raise ValueError(f"a field of kind {tag & 7}")
        if tag >> 3 == until:
            return found
    if at != end:
        raise ValueError("a field is longer than what it is in")
    return found


def _pairs_of(fields: list[array[int]], number: int) -> list[tuple[int, int]]:
    return list(zip(fields[number][0::2], fields[number][1::2], strict=True))


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits to the octet, and where it ends."""
    number = shift = 0
    while (octet := message[at]) > 127:
        number |= (octet & 127) << shift
        at, shift = at + 1, shift + 7
    return number | octet << shift, at + 1


def _spans(fields: array[int]) -> _Spans:
    starts, sizes = np.frombuffer(fields, np.int64).reshape(-1, 2).T
    return _Spans(starts, sizes)


def _split(octets: Octets, features: _Spans) -> tuple[_Spans, Integers, _Spans]:
    """Tags, kind (1 point, 2 line, 3 polygon) and geometry of each feature."""
    at, ends = features.starts.copy(), features.starts + features.sizes
    parts = {number: np.zeros((2, len(at)), np.int64) for number in (_TAGS, _GEOMETRY)}
    kinds = np.zeros(len(at), np.int64)
    while (left := np.flatnonzero(at < ends)).size:
        tags = octets[at[left]]
        value, after = _varints_at(octets, at[left] + 1)
        long = tags & 7 == 2
        for number, part in parts.items():
            mine = long & (tags >> 3 == number)
            part[:, left[mine]] = after[mine], value[mine]
        mine = tags == _KIND << 3
        kinds[left[mine]] = value[mine]
        if not (long | (tags & 7 == 0)).all():
            raise ValueError("a feature has a field of another kind")
        at[left] = after + np.where(long, value, 0)
    if (at != ends).any():
        raise ValueError("a feature is longer than it says")
    return _Spans(*parts[_TAGS]), kinds, _Spans(*parts[_GEOMETRY])


def _varints_at(octets: Octets, at: Integers) -> tuple[Integers, Integers]:
    """The numbers that begin at these places, and where each ends."""
    numbers, at = np.zeros(len(at), np.int64), at.copy()
    open_ = np.arange(len(at))
    for step in range(_MOST_OCTETS):
        if not open_.size:
            break
        read = octets[at[open_]].astype(np.int64)
        numbers[open_] |= (read & 127) << (7 * step)
        at[open_] += 1
        open_ = open_[read > 127]
    return numbers, at


def _pairs(octets: Octets, tags: _Spans) -> tuple[Integers, Integers, Integers]:
    """Feature, key and value of each attribute, by their places in the layer."""
    packed = octets[_within(tags)]
    last = packed < 128
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends + 1])[:-1].astype(np.int64)
    numbers, _ = _varints_at(packed, starts)
    owners = np.repeat(np.arange(len(tags.sizes)), tags.sizes)[starts]
    return owners[0::2], numbers[0::2], numbers[1::2]


def _of(
    key: str, keys: list[str], pairs: tuple[Integers, Integers, Integers], features: int
) -> Integers:
    """Which value each feature has for a key, -1 for none."""
    found = np.full(features, -1, np.int64)
    if key in keys:
        owners, numbers, values = pairs
        has = numbers == keys.index(key)
        found[owners[has]] = values[has]
    return found


def _texts(octets: Octets, values: _Spans, which: Integers) -> pa.StringArray:
    """The strings among the values; what is none, is null."""
    has = np.flatnonzero(which >= 0)
    if not len(has):
        return pa.nulls(len(which), pa.string())
    starts = values.starts[which[has]]
    is_text = octets[starts] == _TEXT
    has, starts = has[is_text], starts[is_text]
    sizes, begin = _varints_at(octets, starts + 1)
    lengths = np.zeros(len(which), np.int64)
    lengths[has] = sizes
    missing = np.ones(len(which), np.bool_)
    missing[has] = False
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    text = octets[_within(_Spans(begin, sizes))]
    valid = np.packbits(~missing, bitorder="little")
    buffers = [pa.py_buffer(part) for part in (valid, offsets, text)]
    found = pa.StringArray.from_buffers(len(which), buffers[1], buffers[2], buffers[0])
    found.validate(full=True)
    return found


def _numbers(octets: Octets, values: _Spans, which: Integers) -> Integers:
    """The whole numbers among the values, -1 for what is none."""
    found = np.full(len(which), -1, np.int64)
    has = np.flatnonzero(which >= 0)
    starts = values.starts[which[has]]
    kinds = octets[starts]
    numbers, _ = _varints_at(octets, starts + 1)
    signed = (numbers >> 1) ^ -(numbers & 1)
    numbers = np.where(kinds == _SIGNED, signed, numbers)
    found[has] = np.where(np.isin(kinds, _NUMBERS), numbers, -1)
    return found


def _first_vertices(octets: Octets, geometries: _Spans) -> tuple[Integers, Integers]:
    """A geometry begins with the command MoveTo and two zigzag-coded numbers."""
    _, at = _varints_at(octets, geometries.starts)
    across, at = _varints_at(octets, at)
    down, _ = _varints_at(octets, at)
    return (across >> 1) ^ -(across & 1), (down >> 1) ^ -(down & 1)


def _within(spans: _Spans) -> Integers:
    """The places of all octets of the spans, one span after another."""
    ends = np.cumsum(spans.sizes)
    skipped = np.repeat(spans.starts - (ends - spans.sizes), spans.sizes)
    places: Integers = np.arange(len(skipped)) + skipped
    return places
