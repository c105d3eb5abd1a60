"""Writes small vector tiles of points for tests, after the specification and nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Point = tuple[int, int, Mapping[str, str | int]]
"""Units from the north-west corner, and attributes."""


def tile(**layers: Sequence[Point]) -> bytes:
    return b"".join(_field(3, _layer(name, points)) for name, points in layers.items())


def _layer(name: str, points: Sequence[Point]) -> bytes:
    keys = sorted({key for *_, attributes in points for key in attributes})
    values = list(
        dict.fromkeys(value for *_, attributes in points for value in attributes.values())
    )
    features = [
        _field(
            2, b"".join(_varint(keys.index(k)) + _varint(values.index(v)) for k, v in has.items())
        )
        + _field(3, 1)
        + _field(4, _varint(9) + _varint(_zigzag(x)) + _varint(_zigzag(y)))
        for x, y, has in points
    ]
    return b"".join(
        [
            _field(15, 2),
            _field(1, name.encode()),
            *(_field(2, feature) for feature in features),
            *(_field(3, key.encode()) for key in keys),
            *(_field(4, _value(value)) for value in values),
            _field(5, 4096),
        ]
    )


def _value(value: str | int) -> bytes:
    return _field(1, value.encode()) if isinstance(value, str) else _field(5, value)


def _field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _zigzag(number: int) -> int:
    return (number << 1) ^ (number >> 31)


def _varint(number: int) -> bytes:
    octets = []
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])
