"""Step 4, validate: the layer's declared rules, judged by whole columns, give issues row by row.

Errors quarantine the row; warnings and notes travel with it. Nothing is lost: rows in = accepted +
quarantined + filtered. A batch is judged by itself; what only all rows together tell (copies, keys
that are taken) is settled as the batches pass, in the order of the delivery.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import RowAccountingError
from geo.issues import IssueCatalogue, gather
from geo.space.areas import AdminAreas
from geo.spill import Spill
from geo.states import ROW, Judged, Normalised, RawTable, Surveyed, Validated
from geo.validating.keys import Keys
from geo.validating.placing import find_places, with_places
from geo.validating.positions import place_issues, position_issues
from geo.validating.quarantine import count_repaired, quarantine, unreadable_rows
from geo.validating.rules import broken_rules
from schemas.models import Area, Layer, Source


def validate(
    batch: Normalised,
    source: Source,
    layer: Layer,
    area: Area,
    admin: AdminAreas | None,
    catalogue: IssueCatalogue,
) -> Judged:
    """Judges every row by itself. `admin` is None while the map has no subdistricts yet."""
    places = find_places(batch.shapes, layer, admin)
    issues = gather(
        [
            batch.issues,
            *unreadable_rows(batch.raw, catalogue),
            *broken_rules(batch.table, source, layer, catalogue),
            *place_issues(batch, source, layer, catalogue),
            *position_issues(batch, places, layer, area, admin, catalogue),
        ]
    )
    rows = batch.table.append_column("geom", batch.shapes.to_wkb())
    rows = with_places(rows, places.at, batch.shapes.missing, admin)
    return Judged(batch.raw, rows, batch.row_hash, issues, batch.filtered)


class Settling:
    """Settles what only all rows together tell, and sets the rows of each batch aside."""

    def __init__(
        self,
        delivery: Surveyed,
        source: Source,
        admin: AdminAreas | None,
        catalogue: IssueCatalogue,
    ) -> None:
        """`admin` are the boundaries within which its batches are judged."""
        self._delivery, self._source = delivery, source
        self._boundaries = admin.fingerprint if admin else ""
        alike = delivery.raw.rows.num_rows if delivery.alike is None else len(delivery.alike)
        self._keys = Keys(alike, source, catalogue)
        self._set_aside: dict[str, Spill] = {}
        self._at_area = self._repaired = 0

    def add(self, batch: Judged) -> pa.Table:
        """The next batch of the delivery; answers the rows of it that are accepted.

        Raises RowAccountingError if a row went astray.
        """
        issues = gather([batch.issues, *self._keys.issues(batch)])
        quarantined = quarantine(batch.raw, issues)
        keep = pc.invert(pc.is_in(batch.rows["source_row"], quarantined["source_row"]))
        accepted = batch.rows.filter(keep)
        self._require_every_row(batch.raw, (accepted, quarantined, batch.filtered))
        self._at_area += accepted["geom"].null_count
        self._repaired += count_repaired(issues, accepted)
        for name, rows in (
            ("accepted", accepted),
            ("quarantined", quarantined),
            ("filtered", batch.filtered),
            ("issues", issues),
        ):
            if name not in self._set_aside:
                self._set_aside[name] = Spill(rows.schema)
            self._set_aside[name].add(rows)
        return accepted

    def finish(self) -> Validated:
        """The delivery, when all of its batches were added.

        Raises RowAccountingError if they are not all the records that were counted.
        """
        report = self._delivery.raw.report
        aside = self._set_aside
        for spill in aside.values():
            spill.finish()
        rows_in = report.records - report.blank_records
        rows_out = sum(aside[name].num_rows for name in ("accepted", "quarantined", "filtered"))
        if rows_in != rows_out:
            raise RowAccountingError(self._source.id, "validate", rows_in, rows_out)
        return Validated(
            **aside,
            rows_in=rows_in,
            rows_at_area=self._at_area,
            rows_repaired=self._repaired,
            schema=self._delivery.schema,
            lineage={**self._delivery.lineage, "boundaries": self._boundaries},
        )

    def _require_every_row(self, raw: RawTable, parts: tuple[pa.Table, ...]) -> None:
        """The numbers of the rows that came are those of the rows that go, each of them once."""
        bad = [bad.row for bad in raw.report.bad_rows]
        came = np.concatenate([np.asarray(raw.table[ROW]), np.array(bad, np.int64)])
        goes = np.concatenate([np.asarray(part["source_row"]) for part in parts])
        if not np.array_equal(np.sort(came), np.sort(goes)):
            raise RowAccountingError(self._source.id, "validate", len(came), len(goes))
