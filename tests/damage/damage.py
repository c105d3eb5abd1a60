"""Deliveries damaged on their way, the same ones each time: cut, flipped, zeroed, doubled, swapped.

A format's test makes its variants with `damaged`, reads them with `Worker`, and holds each outcome
against a count of its own over the damaged bytes: never fewer records than it, without a refusal.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from tests.damage.reading import Outcome, read_here

Damage = Callable[[random.Random, bytes], bytes]
CRASHED = "reader_crashed"
LONGEST = 200


def _span(chance: random.Random, content: bytes) -> slice:
    start = chance.randrange(len(content))
    return slice(start, start + chance.randrange(1, LONGEST))


def cut(chance: random.Random, content: bytes) -> bytes:
    """The first 10 to 99 percent."""
    return content[: len(content) * chance.randrange(100, 1000) // 1000]


def flipped(chance: random.Random, content: bytes) -> bytes:
    """One to eight bytes with one bit turned."""
    broken = bytearray(content)
    for _ in range(chance.randrange(1, 9)):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def zeroed(chance: random.Random, content: bytes) -> bytes:
    """A span of NUL bytes, as a disk leaves them."""
    span = _span(chance, content)
    return content[: span.start] + bytes(len(content[span])) + content[span.stop :]


def doubled(chance: random.Random, content: bytes) -> bytes:
    """A span that was written twice."""
    span = _span(chance, content)
    return content[: span.stop] + content[span] + content[span.stop :]


def dropped(chance: random.Random, content: bytes) -> bytes:
    """A span that is missing."""
    span = _span(chance, content)
    return content[: span.start] + content[span.stop :]


def swapped(chance: random.Random, content: bytes) -> bytes:
    """Two neighbouring blocks in each other's place."""
    first, second, third = sorted(chance.sample(range(len(content) + 1), 3))
    return content[:first] + content[second:third] + content[first:second] + content[third:]


def quote_opened(chance: random.Random, content: bytes) -> bytes:
    """One quotation mark too many."""
    at = chance.randrange(len(content))
    return content[:at] + b'"' + content[at:]


def quotes_far_apart(chance: random.Random, content: bytes) -> bytes:
    """Two quotation marks too many: each parser takes what is between them for one text."""
    first, second = sorted(chance.sample(range(len(content)), 2))
    return content[:first] + b'"' + content[first:second] + b'"' + content[second:]


BYTES: tuple[Damage, ...] = (cut, flipped, zeroed, doubled, dropped, swapped)
TEXT: tuple[Damage, ...] = (*BYTES, quote_opened, quotes_far_apart)


def damaged(
    content: bytes, kinds: tuple[Damage, ...], count: int = 300, seed: int = 47
) -> Iterator[tuple[str, bytes]]:
    """So many variants of `content`, each kind in turn: a name to tell it by, and its bytes."""
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield f"{kind.__name__}-{number}", kind(random.Random(f"{seed}-{number}"), content)


class Worker:
    """A process that reads one delivery after the other; if one crashes it, the next gets another.

    Parsers that can end their process (calamine, GDAL) must not end the tests.
    """

    def __init__(self) -> None:
        self._pool = self._new()

    def read(self, format: str, members: dict[str, bytes], **options: Any) -> Outcome:
        """As `read_here`; a crash is a refusal, as it is for the parent of a reading child."""
        try:
            outcome: Future[Outcome] = self._pool.submit(read_here, format, members, **options)
            return outcome.result()
        except BrokenProcessPool:
            self.close()
            self._pool = self._new()
            return Outcome(CRASHED, [], {})

    def close(self) -> None:
        self._pool.shutdown()

    @staticmethod
    def _new() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"))
