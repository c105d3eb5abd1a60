"""What lint refuses does not run; what is wrong with another map stops nobody."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.opening import open_job, open_review
from geo.errors import DropsMissing
from geo.settings import Settings, project_folder
from schemas import catalogue
from schemas.catalogue import FOLDER, ISSUES, KINDS
from schemas.errors import DeclarationError


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Changes a text in a copy of One Map's declarations, which are then those that run."""
    folder = tmp_path / "declarations"
    for kind in KINDS:
        shutil.copytree(FOLDER / kind, folder / kind)
    shutil.copy(FOLDER / ISSUES, folder / ISSUES)
    monkeypatch.setattr(catalogue, "FOLDER", folder)

    def edit(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")

    return edit


FINDINGS = [
    ("sources/sample_communities.yaml", "key: [", "key: [ผู้ประสานงาน, ", "is personal"),
    ("layers/health_catchments.yaml", "'[0-9]{2}'", "'(?=a)b'", "invalid perl operator"),
    ("layers/parks.yaml", "min: 1, max: 5000000", "min: 9, max: 5", "`min` is above"),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), FINDINGS)
@pytest.mark.parametrize("open_it", [open_job, open_review])
def test_what_lint_refuses_does_not_run(
    edited: Callable[[str, str, str], None],
    tmp_path: Path,
    open_it: Callable[..., object],
    file: str,
    old: str,
    new: str,
    told: str,
) -> None:
    edited(file, old, new)
    home = tmp_path / "state"
    with pytest.raises(DeclarationError, match=told) as refused:
        open_it(Settings(project=project_folder(), home=home), "sample")
    assert Path(file).name in str(refused.value), "file and line are told"
    assert refused.value.exit_code == 78
    assert not home.exists(), "nothing was begun"


def test_a_finding_of_another_map_stops_nobody(
    edited: Callable[[str, str, str], None], tmp_path: Path
) -> None:
    edited("layers/parks.yaml", "min: 1, max: 5000000", "min: 9, max: 5")
    settings = Settings(project=project_folder(), home=tmp_path / "state")
    with pytest.raises(DropsMissing):  # it came as far as that
        open_job(settings, "songkhla", tmp_path / "nowhere")
