"""Which sources have become late: each is told once, until new content of it is on the map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from geo.store.database import run, transaction


@dataclass(frozen=True)
class Overdue:
    """A source whose new content was promised every `promised_days` and did not come.

    `last_good_on`: the day in Bangkok when the content that is on the map came; None if none is.
    """

    source_id: str
    promised_days: int
    last_good_on: date | None


def became_late(engine: Engine) -> list[Overdue]:
    """The sources that are late and were not when this was asked last; asking remembers them."""
    with transaction(engine) as connection:
        rows = run(connection, "sources_became_late").mappings()
        return [Overdue(**row) for row in rows]
