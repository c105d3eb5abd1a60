"""What one refresh works with, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from geo.issues import IssueCatalogue
from geo.publish import Release
from geo.settings import Settings
from schemas.catalogue import MapView

Outcome = Literal["accepted", "unchanged", "held", "rejected", "refused", "failed"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One map, its database and its drops."""

    settings: Settings
    view: MapView
    catalogue: IssueCatalogue
    engine: Engine
    drops: Path | None
    progress: Progress = field(default=lambda _: None)


@dataclass(frozen=True)
class SourceOutcome:
    """A line of the closing table. Counts are None where nothing was read."""

    source_id: str
    layer_id: str
    outcome: Outcome
    reason: str | None = None
    run_id: int | None = None
    rows_in: int | None = None
    published: int | None = None
    quarantined: int | None = None
    filtered: int | None = None
    at_area: int | None = None
    repaired: int | None = None
    seconds: float = 0.0

    @property
    def ended_well(self) -> bool:
        """Neither refused nor failed. A held one is the gate at work."""
        return self.outcome not in ("refused", "failed")


@dataclass(frozen=True)
class RefreshResult:
    """What a refresh came to; `release` is None where nothing changed."""

    sources: tuple[SourceOutcome, ...]
    release: Release | None

    @property
    def ended_well(self) -> bool:
        """No source was refused or failed."""
        return all(source.ended_well for source in self.sources)
