"""What the maps come to is kept: a change of it is seen, and raises the number of a step.

`make golden` writes the files anew; it refuses to where the result changed and no number did.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flows.job import Job, RefreshResult
from geo.steps import STEPS
from tests.golden.digest import Digest, differences, digest

FOLDER = Path(__file__).parent
WRITE = bool(os.environ.get("ONEMAP_WRITE_GOLDEN"))


@pytest.mark.slow
def test_the_sample_is_as_it_was(sample_map: tuple[Job, RefreshResult]) -> None:
    _compare("sample", digest(*sample_map))


@pytest.mark.slow
def test_bangkok_is_as_it_was(bangkok_map: tuple[Job, RefreshResult]) -> None:
    _compare("bangkok", digest(*bangkok_map))


def _compare(map_id: str, now: Digest) -> None:
    path = FOLDER / f"{map_id}.json"
    golden = json.loads(path.read_text("utf-8")) if path.exists() else None
    problem = verdict(golden, dict(STEPS), now)
    if WRITE and (problem is None or "make golden" in problem):
        text = json.dumps({"steps": dict(STEPS), "sources": now}, ensure_ascii=False, indent=1)
        path.write_text(text + "\n", "utf-8")
        return
    assert problem is None, problem


def verdict(golden: Mapping[str, Any] | None, steps: Mapping[str, int], now: Digest) -> str | None:
    """What is wrong with a result, or None; it says `make golden` where that mends it."""
    if golden is None:
        return "there is no golden result yet; run `make golden`"
    changes = "\n  ".join(differences(golden["sources"], now))
    raised = [name for name, number in steps.items() if number > golden["steps"].get(name, 0)]
    if changes and not raised:
        return (
            "the same bytes give something else, and no step has a higher number: raise it in "
            f"geo/steps.py, so that old bytes are read again\n  {changes}"
        )
    if changes:
        return f"step(s) {', '.join(raised)} mean something else; run `make golden`\n  {changes}"
    return (
        f"step(s) {', '.join(raised)} have a higher number; run `make golden`" if raised else None
    )


SOURCE = {"parks": {"published": 3, "issues": {}, "columns": {"name_th": "aa"}}}
OTHER = {"parks": {"published": 2, "issues": {"key_missing": 1}, "columns": {"name_th": "bb"}}}


def test_a_changed_result_without_a_raised_number_fails_and_says_what_changed() -> None:
    problem = verdict({"steps": {"read": 1}, "sources": SOURCE}, {"read": 1}, OTHER)
    assert problem is not None and "geo/steps.py" in problem and "make golden" not in problem
    assert "parks: published 3 -> 2" in problem
    assert "parks: issues: key_missing None -> 1" in problem
    assert "parks: columns: name_th aa -> bb" in problem


def test_a_raised_number_lets_the_result_be_written_anew() -> None:
    golden = {"steps": {"read": 1}, "sources": SOURCE}
    assert "make golden" in str(verdict(golden, {"read": 2}, OTHER))
    assert "make golden" in str(verdict(golden, {"read": 2}, SOURCE))
    assert verdict(golden, {"read": 1}, SOURCE) is None
