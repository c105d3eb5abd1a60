"""What one refresh works with, and what it comes to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from geo.settings import Settings
from schemas.catalogue import MapView
from schemas.models import IssueCode

if TYPE_CHECKING:  # libraries that are slow to import; looking at a map needs none of them
    from sqlalchemy import Engine

    from flows.ahead import Ahead
    from geo.issues import IssueCatalogue
    from geo.publish import Release
    from geo.states import Outcome

EXIT_CODES: Mapping[Outcome, int] = {
    "accepted": os.EX_OK,
    "unchanged": os.EX_OK,
    "absent": os.EX_OK,
    "rejected": os.EX_OK,  # a person has decided already
    "held": os.EX_DATAERR,
    "refused": os.EX_DATAERR,
    "incomplete": os.EX_DATAERR,
    "unreachable": os.EX_UNAVAILABLE,
    "fault": os.EX_SOFTWARE,
}
"""What a command that brings sources in exits with (sysexits.h); of several, the worst counts."""

LEASE_WAIT_SECONDS = 120.0
"""How long a run waits for another one of the same layer before it gives up."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One map, its database and its drops."""

    settings: Settings
    view: MapView
    issue_codes: Mapping[str, IssueCode]
    engine: Engine
    drops: Path | None
    progress: Progress = field(default=lambda _: None)
    patience: float = LEASE_WAIT_SECONDS
    ahead: Ahead | None = None
    """Readers of the sources that come next; None where each starts at its source's turn."""

    @property
    def catalogue(self) -> IssueCatalogue:
        """What makes issue rows of the declared kinds."""
        from geo.issues import IssueCatalogue

        return IssueCatalogue(self.issue_codes)


@dataclass(frozen=True)
class SourceOutcome:
    """A line of the closing table. Counts are None where nothing was read."""

    source_id: str
    layer_id: str
    outcome: Outcome
    reason: str | None = None
    run_id: int | None = None
    reason_th: str | None = None
    rows_in: int | None = None
    published: int | None = None
    quarantined: int | None = None
    filtered: int | None = None
    at_area: int | None = None
    repaired: int | None = None
    warnings: int | None = None
    added: int | None = None
    changed: int | None = None
    removed: int | None = None
    """Features of the coming release, where the delivery was loaded."""
    seconds: float = 0.0
    because: str | None = None
    """Why bytes that were judged before were judged again."""
    stands: bool = False
    """An earlier judgement covers these bytes: nothing was read, and nothing is told anew."""

    @property
    def ended_well(self) -> bool:
        """Nothing is wrong with the delivery, a service, or us. A held one is the gate at work."""
        return self.outcome in ("accepted", "unchanged", "absent", "held", "rejected")


@dataclass(frozen=True)
class RefreshResult:
    """What a refresh came to; `release` is None where nothing changed or a `fault` prevented it."""

    sources: tuple[SourceOutcome, ...]
    release: Release | None
    fault: str | None = None

    @property
    def exit_code(self) -> int:
        """The worst of the sources': a fault, then a service that is away, then bad data."""
        if self.fault:
            return EXIT_CODES["fault"]
        return max((EXIT_CODES[source.outcome] for source in self.sources), default=os.EX_OK)

    @property
    def ended_well(self) -> bool:
        """Every source ended well, and what changed is published."""
        return self.fault is None and all(source.ended_well for source in self.sources)
