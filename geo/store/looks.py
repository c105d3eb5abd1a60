"""When each source was looked at last, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from geo.states import Outcome
from geo.store.database import connect, run, transaction


@dataclass(frozen=True)
class Look:
    """The last look at a source: when it began, and its outcome."""

    at: datetime
    outcome: Outcome


def looked(engine: Engine, source_id: str, look: Look) -> None:
    """Writes a look down; of looks that overlap, the one that began last stays."""
    with transaction(engine) as connection:
        run(connection, "source_looked", source=source_id, began=look.at, outcome=look.outcome)


def looks(engine: Engine) -> Mapping[str, Look]:
    """The last look at each source that was ever looked at, by its id."""
    with connect(engine) as connection:
        rows = run(connection, "sources_looked").all()
    return {row.source_id: Look(row.at, row.outcome) for row in rows}
