"""How each source stands: the last look at it, what of it is on the map, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Engine

from geo.store.database import connect, run

if TYPE_CHECKING:
    from geo.states import Outcome  # its libraries are slow to import, and a look needs none


@dataclass(frozen=True)
class SourceState:
    """A declared source, now. What never happened is None.

    `outcome` is that of the last look (`looked_at`) or of a person's word since; `running` while it
    is worked on. `reason` is there where it has one. `last_good_at` is when the content on the map
    was loaded, `fetched_at` when it came, `age_days` how long that is ago, `content_date` the
    agency's own. `late`: new content was promised within `promise_days`, and has not come since the
    last (where none ever came: since the first look). `holds` are the runs that wait for a
    decision. `unpublished`: rows are prepared, no release has them, and nobody works on the map.
    """

    source_id: str
    layer_id: str
    title_th: str
    title_en: str
    outcome: Outcome | Literal["running"] | None
    looked_at: datetime | None
    reason: str | None
    reason_th: str | None
    rows_on_map: int | None
    last_good_at: datetime | None
    fetched_at: datetime | None
    content_date: date | None
    promise_days: int | None
    age_days: float | None
    late: bool
    holds: Sequence[int]
    unpublished: bool


def source_states(engine: Engine) -> list[SourceState]:
    """The state of every declared source, in the order of the layers; one statement.

    The caller is the map's owner. Raises as `connect` does.
    """
    with connect(engine) as connection:
        return [SourceState(**row) for row in run(connection, "sources_standing").mappings()]
