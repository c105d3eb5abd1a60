"""`onemap run`: progress while it works, and a closing table."""

from __future__ import annotations

import os
from pathlib import Path

from rich.markup import escape
from rich.text import Text

from cli.output import console, errors, print_table
from flows.job import Progress, RefreshResult, SourceOutcome
from flows.opening import open_job
from geo.errors import PrefectUnreachable
from geo.read import walls
from geo.settings import from_environment
from schemas.catalogue import load_catalogue

_NUMBERS = ["rows in", "published", "quarantined", "filtered", "at an area", "repaired", "seconds"]


_HOW_TO_REPORT = (
    "a fault of One Map, not of the delivery: the last good rows stay on the map; "
    "send the line above to those who maintain One Map"
)


def refresh(
    map_id: str, drops: Path | None, only: list[str] | None = None, *, again: bool = False
) -> int:
    """Refreshes a map, or `only` some of its sources, and prints what came of it.

    `again`: what stands is read anew, too. Returns the exit code.
    """
    work = _through_prefect if _has_server() else _in_process
    result = work(map_id, drops, only, again)
    _say(walls(from_environment().required_walls).sentence().en)
    print_outcomes(result, map_id)
    return result.exit_code


def print_outcomes(result: RefreshResult, map_id: str) -> None:
    """The closing table, what waits for a person, and the release."""
    print_table(
        ["source", "outcome", *_NUMBERS], [_line(source) for source in result.sources], _NUMBERS
    )
    for source in result.sources:
        if source.because:
            _say(f"{source.source_id}: read again because: {source.because}")
        if source.reason and source.outcome != "unchanged":
            words = f"{source.source_id}: {source.outcome}: {source.reason}"
            errors.print(words, markup=False, highlight=False, soft_wrap=True)
            if source.outcome == "held":
                _say(f"  onemap approve {source.run_id} --map {map_id} --by NAME --reason TEXT")
            elif source.outcome == "fault":
                _say(f"  {_HOW_TO_REPORT}")
    if result.fault:
        _say(f"no release was made: fault: {result.fault}")
        _say(f"  {_HOW_TO_REPORT}")
    elif result.release:
        folder = _shown(result.release.folder)
        words = f"Release {result.release.number} is published: {folder}"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    else:
        console.print("Nothing changed: no new release.")


def _shown(folder: Path) -> Path:
    """A path as short as it can be typed here."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _has_server() -> bool:
    """Whether a Prefect server watches; one that is away does not keep the map from its data."""
    if not os.environ.get("PREFECT_API_URL"):
        return False
    from flows.serving import require_server

    try:
        require_server()
    except PrefectUnreachable as error:
        _say(f"working without Prefect: {error}")
        return False
    return True


def _in_process(
    map_id: str, drops: Path | None, only: list[str] | None, again: bool
) -> RefreshResult:
    if not errors.is_terminal:
        return _refreshed(map_id, drops, only, again, _say)
    with errors.status("starting") as status:
        return _refreshed(map_id, drops, only, again, lambda words: status.update(escape(words)))


def _refreshed(
    map_id: str, drops: Path | None, only: list[str] | None, again: bool, progress: Progress
) -> RefreshResult:
    job = open_job(from_environment(), map_id, drops, progress)
    from flows.pipeline import refresh as refresh_now  # slow: what is missing is said before

    return refresh_now(job, only=only, again=again)


def _through_prefect(
    map_id: str, drops: Path | None, only: list[str] | None, again: bool
) -> RefreshResult:
    load_catalogue().map_view(map_id)  # one that is not declared is no flow run
    from flows.scheduled import refresh_map

    folder = str(drops) if drops else None
    state = refresh_map(map_id, folder, only, again, return_state=True)
    result = state.result(raise_on_failure=False)
    if isinstance(result, Exception):
        raise result
    assert isinstance(result, RefreshResult)
    return result


def _say(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)


def _line(source: SourceOutcome) -> list[str | Text]:
    counts = (
        source.rows_in,
        source.published,
        source.quarantined,
        source.filtered,
        source.at_area,
        source.repaired,
    )
    return [
        source.source_id,
        Text("fault", style="bold red") if source.outcome == "fault" else source.outcome,
        *("" if count is None else f"{count:,}" for count in counts),
        f"{source.seconds:.1f}",
    ]
