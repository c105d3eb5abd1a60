"""What the command line says of a delivery's outcome, and the exit code that goes with it."""

from __future__ import annotations

import os
from typing import cast

import pytest
import typer

from cli import review
from cli.refreshing import print_outcomes
from flows import deciding
from flows.job import Job, Outcome, RefreshResult, SourceOutcome


def result_of(outcome: Outcome) -> RefreshResult:
    return RefreshResult((SourceOutcome("parks", "parks", outcome, "few rows", 12),), None)


def test_the_hint_names_the_map(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcomes(result_of("held"), "songkhla")
    assert "onemap approve 12 --map songkhla --by NAME --reason TEXT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("accepted", os.EX_OK),
        ("unchanged", os.EX_OK),
        ("held", os.EX_DATAERR),
        ("rejected", os.EX_DATAERR),
        ("refused", os.EX_DATAERR),
        ("failed", os.EX_DATAERR),
    ],
)
def test_an_approval_that_does_not_reach_the_map_fails(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, code: int
) -> None:
    monkeypatch.setattr(review, "_open", lambda _: cast("Job", None))
    monkeypatch.setattr(deciding, "approve", lambda *_, **__: result_of(outcome))
    with pytest.raises(typer.Exit) as ended:
        review.approve(12, "x", "y")
    assert ended.value.exit_code == code
