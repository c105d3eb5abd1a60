"""What works beside the main thread: in order, never too far behind, and no error is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from geo.store.background import WAITING, Background


class Broken(Exception):
    """What goes wrong in these tests."""


def test_work_is_done_in_order_and_beside_the_starter() -> None:
    done: list[int] = []
    threads: set[int] = set()

    def work(item: int) -> None:
        threads.add(threading.get_ident())
        done.append(item)

    with Background(work) as beside:
        for item in range(50):
            beside.hand(item)
        beside.settle()
        assert done == list(range(50))
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_who_hands_over_waits_for_the_work() -> None:
    """So memory holds a few items, however quickly they come."""
    may_go_on = threading.Event()
    with Background(lambda _: may_go_on.wait(10) and None) as beside:
        for item in range(WAITING):
            beside.hand(item)
        threading.Timer(0.2, may_go_on.set).start()
        began = time.monotonic()
        beside.hand(WAITING)
        beside.hand(WAITING + 1)
        assert time.monotonic() - began > 0.15


def hand_over(beside: Background[int], items: Iterable[int], handed: list[int]) -> None:
    with beside:
        for item in items:
            beside.hand(item)
            handed.append(item)


def fail_at(wrong: int) -> Background[int]:
    def work(item: int) -> None:
        if item == wrong:
            raise Broken

    return Background(work)


def test_an_error_is_raised_at_a_call_after_it() -> None:
    handed: list[int] = []
    with pytest.raises(Broken):
        hand_over(fail_at(1), range(100), handed)
    assert len(handed) <= 1 + WAITING + 1


def test_an_error_of_the_last_item_is_not_lost() -> None:
    with pytest.raises(Broken):
        hand_over(fail_at(1), [0, 1], [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, Broken])
def test_what_waits_is_left_undone_when_the_block_fails(error: type[BaseException]) -> None:
    done: list[int] = []
    may_go_on = threading.Event()

    def work(item: int) -> None:
        may_go_on.wait(10)
        done.append(item)

    def interrupted() -> Iterator[int]:
        yield from (0, 1)
        threading.Timer(0.1, may_go_on.set).start()
        raise error

    with pytest.raises(error):
        hand_over(Background(work), interrupted(), [])
    assert done in ([], [0])
