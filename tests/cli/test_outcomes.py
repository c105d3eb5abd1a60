"""What the command line says of a delivery's outcome, and the exit code that goes with it."""

from __future__ import annotations

import os
from typing import cast

import pytest
import typer
from rich.text import Text
from typer.testing import CliRunner

from cli import review, upgrading
from cli.main import app
from cli.output import print_table
from cli.refreshing import _line, print_outcomes
from flows import deciding, opening
from flows import upgrading as flows_upgrading
from flows.job import Job, RefreshResult, SourceOutcome
from flows.upgrading import Change
from geo.rereading import Differences
from geo.states import Outcome, Refusal
from schemas.models import Bilingual


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
        ("absent", os.EX_OK),
        ("rejected", os.EX_OK),
        ("refused", os.EX_DATAERR),
        ("incomplete", os.EX_DATAERR),
        ("unreachable", os.EX_UNAVAILABLE),
        ("fault", os.EX_SOFTWARE),
    ],
)
def test_an_approval_exits_with_the_outcome_of_its_source(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, code: int
) -> None:
    monkeypatch.setattr(review, "open_map", lambda _: cast("Job", None))
    monkeypatch.setattr(deciding, "approve", lambda *_, **__: result_of(outcome))
    with pytest.raises(typer.Exit) as ended:
        review.approve(12, "x", "y")
    assert ended.value.exit_code == code


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((), os.EX_OK),
        (("accepted", "absent", "rejected"), os.EX_OK),
        (("accepted", "held", "unchanged"), os.EX_DATAERR),
        (("unreachable", "refused"), os.EX_UNAVAILABLE),
        (("fault", "unreachable", "held"), os.EX_SOFTWARE),
    ],
)
def test_of_several_outcomes_the_worst_is_the_exit_code(
    outcomes: tuple[Outcome, ...], code: int
) -> None:
    sources = tuple(SourceOutcome("parks", "parks", outcome) for outcome in outcomes)
    assert RefreshResult(sources, None).exit_code == code


def test_a_fault_is_red_and_says_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcomes(result_of("fault"), "songkhla")
    told = capsys.readouterr()
    assert "parks: fault: few rows" in told.err
    assert "send the line above to those who maintain One Map" in told.err
    assert _line(result_of("fault").sources[0])[1] == Text("fault", style="bold red")


def test_a_release_that_was_not_made_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    result = RefreshResult((), None, "ValueError at geo/publish.py:1 publish")
    print_outcomes(result, "songkhla")
    told = capsys.readouterr()
    assert "no release was made: fault: ValueError at" in told.err
    assert "Nothing changed" not in told.out
    assert result.exit_code == os.EX_SOFTWARE


def test_help_names_the_exit_codes() -> None:
    told = CliRunner().invoke(app, ["run", "--help"]).output
    assert all(code in told for code in ("65", "69", "70", "78"))


def test_it_is_said_why_something_was_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    why = "severity of key_missing error, agency -> warning, agency"
    source = SourceOutcome("parks", "parks", "accepted", run_id=12, because=why)
    print_outcomes(RefreshResult((source,), None), "sample")
    assert f"parks: read again because: {why}" in capsys.readouterr().err


def test_a_dry_run_lists_what_an_upgrade_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gives = Differences(20, 18, 2, 0, 1, 3, 189.25, {"name_th": 4})
    refused = Refusal(code="x", message=Bilingual(th="ไม่ได้", en="no such layer"))
    changes = [Change("parks", "PROJ 9 -> 10", gives), Change("spas", "codes changed", refused)]
    monkeypatch.setattr(opening, "open_review", lambda *_: None)
    monkeypatch.setattr(flows_upgrading, "preview", lambda _: iter(changes))
    assert upgrading._preview("sample") == os.EX_OK
    said = capsys.readouterr()
    assert "sample: parks would be read again because: PROJ 9 -> 10" in said.err
    line = next(line for line in said.out.splitlines() if "parks" in line)
    assert line.split() == ["parks", "20", "18", "2", "0", "1", "3", "189.2", "name_th", "4"]
    assert "refused: no such layer" in said.out


def test_an_agencys_words_do_nothing_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["words"], [["x\x1b[2Jy [bold]z[/bold] \u202e"]])
    assert r"x\x1b[2Jy [bold]z[/bold] \u202e" in capsys.readouterr().out
