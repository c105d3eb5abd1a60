"""The walls around the reader are told where something was read, and tried nowhere else."""

from __future__ import annotations

import pytest

from cli import refreshing
from flows.job import RefreshResult, SourceOutcome


@pytest.mark.parametrize(("stands", "told"), [(True, 0), (False, 1)])
def test_walls_are_told_where_something_was_read(
    stands: bool, told: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []
    unchanged = SourceOutcome("one", "parks", "unchanged", stands=True)
    other = SourceOutcome("two", "parks", "unchanged", stands=stands)
    result = RefreshResult((unchanged, other), None)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(refreshing, "_refreshed", lambda *_: result)
    monkeypatch.setattr(refreshing, "_say_walls", asked.append)
    assert refreshing.refresh("sample", None) == 0
    assert len(asked) == told
    assert "one" in capsys.readouterr().out
