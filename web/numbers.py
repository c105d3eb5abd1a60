"""Whole numbers in paths, as long as a stranger likes to write them."""

from __future__ import annotations

from typing import Final

from starlette.convertors import Convertor, register_url_convertor

DIGITS: Final = 9
BEYOND: Final = 10**DIGITS
"""Larger than any release, zoom, column or row that there is."""


class WholeNumber(Convertor[int]):
    """`{name:whole}` in a route: ASCII digits; a number that is too long to be one is BEYOND.

    Starlette's own `int` reads any number of digits, and fails where Python refuses to.
    """

    regex = "[0-9]+"

    def convert(self, value: str) -> int:
        """The number, at most BEYOND."""
        return int(value) if len(value) <= DIGITS else BEYOND

    def to_string(self, value: int) -> str:
        """The number as a part of a path."""
        return str(value)


def register() -> None:
    """Makes `{name:whole}` known to routes; to be called before they are made."""
    register_url_convertor("whole", WholeNumber())
