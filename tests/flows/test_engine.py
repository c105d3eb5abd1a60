"""A step is tried again for transient errors alone, with Prefect and without."""

from __future__ import annotations

import pytest

from flows import engine
from geo.errors import ConfigurationError, DatabaseBusy, GeoError


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "RETRY_DELAYS", (0.0, 0.0))


class Flaky:
    """Fails with the given errors, one a call, then answers."""

    def __init__(self, *errors: GeoError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, answer: str) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return answer


def test_transient_errors_are_tried_again() -> None:
    flaky = Flaky(DatabaseBusy("deadlock"), DatabaseBusy("deadlock"))
    assert engine.step("load parks", flaky, "done") == "done"
    assert flaky.calls == 3


def test_after_the_last_try_the_error_stands() -> None:
    flaky = Flaky(*(DatabaseBusy("deadlock") for _ in range(3)))
    with pytest.raises(DatabaseBusy):
        engine.step("load parks", flaky, "done")


def test_terminal_errors_are_not() -> None:
    flaky = Flaky(ConfigurationError("no such setting"))
    with pytest.raises(ConfigurationError):
        engine.step("load parks", flaky, "done")
    assert flaky.calls == 1
