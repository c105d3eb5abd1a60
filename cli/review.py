"""Deliveries that wait for a person: list, approve, reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import MapOption
from cli.output import console, print_table

if TYPE_CHECKING:
    from flows.job import Job


def _not_blank(words: str) -> str:
    if not words.strip():
        raise typer.BadParameter("it is blank; decisions are kept with a name and a reason")
    return words.strip()


Run = Annotated[int, typer.Argument(help="Number of the held run, from `onemap holds`.")]
By = Annotated[str, typer.Option(help="Who decides.", prompt="Who decides", callback=_not_blank)]
Reason = Annotated[str, typer.Option(help="Why.", prompt="Why", callback=_not_blank)]


def holds(map_id: MapOption = "sample") -> None:
    """List the deliveries that wait for a decision, and why."""
    from geo.store import runs

    waiting = runs.holds(_open(map_id).engine)
    if not waiting:
        console.print("Nothing waits.")
        return
    rows = [
        [str(hold.run_id), hold.source_id, f"{hold.started_at:%Y-%m-%d %H:%M}", hold.reason]
        for hold in waiting
    ]
    print_table(["run", "source", "since (UTC)", "reason"], rows, ["run"])


def approve(run: Run, by: By, reason: Reason, map_id: MapOption = "sample") -> None:
    """Let a held delivery through as it was seen, and publish it."""
    from cli.refreshing import print_outcomes
    from flows.deciding import approve as let_through
    from flows.telling import tell

    job = _open(map_id)
    result = let_through(job, run, by=by, reason=reason)
    print_outcomes(result, map_id)
    tell(job, result)
    raise typer.Exit(result.exit_code)


def reject(run: Run, by: By, reason: Reason, map_id: MapOption = "sample") -> None:
    """Turn a held delivery away; its bytes do not come back."""
    from flows.deciding import reject as turn_away

    hold = turn_away(_open(map_id), run, by=by, reason=reason)
    console.print(f"Run {run} of {hold.source_id} is rejected; the map stays as it is.")


def _open(map_id: str) -> Job:
    """The map's database as a refresh leaves it, also where none has run yet."""
    from flows.opening import open_review, prepare
    from geo.settings import from_environment

    job = open_review(from_environment(), map_id)
    prepare(job)
    return job
