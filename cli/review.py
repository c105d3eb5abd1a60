"""Deliveries that wait for a person: list, approve, reject."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import MapOption
from cli.output import console, print_table

Run = Annotated[int, typer.Argument(help="Number of the held run, from `onemap holds`.")]
By = Annotated[str, typer.Option(help="Who decides.", prompt="Who decides")]
Reason = Annotated[str, typer.Option(help="Why.", prompt="Why")]


def holds(map_id: MapOption = "sample") -> None:
    """List the deliveries that wait for a decision, and why."""
    from flows.opening import open_review
    from geo import runs
    from geo.settings import from_environment

    waiting = runs.holds(open_review(from_environment(), map_id).engine)
    if not waiting:
        console.print("Nothing waits.")
        return
    rows = [
        [str(hold.run_id), hold.source_id, f"{hold.started_at:%Y-%m-%d %H:%M}", hold.reason]
        for hold in waiting
    ]
    print_table(["run", "source", "since (UTC)", "reason"], rows, ["run"])


def approve(run: Run, by: By, reason: Reason, map_id: MapOption = "sample") -> None:
    """Let a held delivery through, and publish it."""
    from cli.refreshing import print_outcomes
    from flows.deciding import approve as let_through
    from flows.opening import open_review
    from geo.settings import from_environment

    print_outcomes(let_through(open_review(from_environment(), map_id), run, by=by, reason=reason))


def reject(run: Run, by: By, reason: Reason, map_id: MapOption = "sample") -> None:
    """Turn a held delivery away; its bytes do not come back."""
    from flows.opening import open_review
    from geo import runs
    from geo.settings import from_environment

    job = open_review(from_environment(), map_id)
    hold = runs.decide(job.engine, run, "rejected", by=by, reason=reason)
    console.print(f"Run {run} of {hold.source_id} is rejected; the map stays as it is.")
