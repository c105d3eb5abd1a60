"""Reads vector tiles, to check them: which features a tile draws, where, and with which attributes.

After the Mapbox Vector Tile specification 2.1. Not GDAL, which refuses tiles above 10 MB; and what
counts as drawn here is what a viewer draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[np.int64]

_FIXED_SIZES: Final = {1: 8, 5: 4}
_STRING: Final = b"\x0a"
_POINT: Final = 1


@dataclass(frozen=True)
class DrawnLayer:
    """One layer of a tile. The arrays have one entry per feature.

    `x` and `y` are the first vertex, as a share of the tile's side (0 is west and north). `inside`
    says whether a viewer draws the feature from this tile: it skips points in the buffer.
    """

    name: str
    keys: list[str]
    texts: dict[str, list[str | None]]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    inside: npt.NDArray[np.bool_]


def read_layers(tile: bytes, texts: tuple[str, ...]) -> list[DrawnLayer]:
    """The layers of an unpacked tile, with the values of the text attributes named in `texts`."""
    return [
        _read_layer(value, texts)
        for field, value in _fields(tile)
        if field == 3 and isinstance(value, bytes)
    ]


def _read_layer(layer: bytes, texts: tuple[str, ...]) -> DrawnLayer:
    name, extent = "", 4096
    features: list[bytes] = []
    keys: list[str] = []
    values: list[bytes] = []
    for field, value in _fields(layer):
        match field, value:
            case 1, bytes():
                name = value.decode()
            case 2, bytes():
                features.append(value)
            case 3, bytes():
                keys.append(value.decode())
            case 4, bytes():
                values.append(value)
            case 5, int():
                extent = value
    tags, kinds, geometries = _split(features)
    x, y = _first_vertices(geometries)
    within = (x >= 0) & (x < extent) & (y >= 0) & (y < extent)
    return DrawnLayer(
        name=name,
        keys=keys,
        texts={wanted: _attribute(wanted, tags, keys, values) for wanted in texts},
        x=x / extent,
        y=y / extent,
        inside=within | (kinds != _POINT),
    )


def _split(features: list[bytes]) -> tuple[list[bytes], Integers, list[bytes]]:
    """Tags, kind (1 point, 2 line, 3 polygon) and geometry of each feature."""
    tags, kinds, geometries = [], [], []
    for feature in features:
        parts: dict[int, Any] = dict(_fields(feature))
        tags.append(parts.get(2, b""))
        kinds.append(parts.get(3, 0))
        geometries.append(parts.get(4, b""))
    return tags, np.array(kinds, dtype=np.int64), geometries


def _attribute(
    wanted: str, tags: list[bytes], keys: list[str], values: list[bytes]
) -> list[str | None]:
    """The value of one attribute in each feature, None where it has none."""
    found = np.full(len(tags), -1, dtype=np.int64)
    if wanted in keys:
        pairs, counts = _varints(tags)
        owners = np.repeat(np.arange(len(tags)), counts // 2)
        has = pairs[0::2] == keys.index(wanted)
        found[owners[has]] = pairs[1::2][has]
    return [_text(values[number]) if number >= 0 else None for number in found.tolist()]


def _first_vertices(geometries: list[bytes]) -> tuple[Integers, Integers]:
    """A geometry begins with the command MoveTo and two zigzag-coded numbers."""
    numbers, counts = _varints(geometries)
    starts = np.cumsum(counts) - counts
    zigzag = numbers[starts[:, None] + [1, 2]] if len(starts) else np.empty((0, 2), np.int64)
    vertices = (zigzag >> 1) ^ -(zigzag & 1)
    return vertices[:, 0], vertices[:, 1]


def _varints(parts: list[bytes]) -> tuple[Integers, Integers]:
    """All numbers of the parts, one after another, and how many each part has."""
    octets = np.frombuffer(b"".join(parts), np.uint8).astype(np.int64)
    ends = np.flatnonzero(octets < 128)
    starts = np.concatenate([[0], ends + 1])[:-1].astype(np.int64)
    place = np.arange(len(octets)) - np.repeat(starts, ends - starts + 1)
    shifted = (octets & 127) << (7 * place)
    numbers = np.add.reduceat(shifted, starts) if len(starts) else shifted
    limits = np.cumsum([len(part) for part in parts])
    up_to = np.searchsorted(ends, limits)
    return numbers, np.diff(up_to, prepend=0)


def _text(value: bytes) -> str | None:
    """The string of a value; None for numbers and booleans, which are other fields."""
    if not value.startswith(_STRING):
        return None
    size, at = _varint(value, 1)
    return value[at : at + size].decode()


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and content of each field of a protocol buffer."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            number, at = _varint(message, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            size, at = _varint(message, at)
        else:
            size = _FIXED_SIZES[kind]
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits to the octet, and where it ends."""
    octet = message[at]
    if octet < 128:
        return octet, at + 1
    number, shift = 0, 0
    while octet > 127:
        number |= (octet & 127) << shift
        at, shift = at + 1, shift + 7
        octet = message[at]
    return number | octet << shift, at + 1
