"""Step 4, validate: the layer's declared rules, judged by whole columns, give issues row by row.

Errors quarantine the row; warnings and notes travel with it. Nothing is lost: rows in = accepted +
quarantined + filtered.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from geo.errors import RowAccountingError
from geo.issues import IssueCatalogue, gather
from geo.space.areas import AdminAreas
from geo.states import GEOM, ROW, Normalised, Validated
from geo.validating.keys import key_issues
from geo.validating.placing import find_places, with_places
from geo.validating.positions import place_issues, position_issues
from geo.validating.quarantine import count_repaired, quarantine, unreadable_rows
from geo.validating.rules import broken_rules
from schemas.models import Area, Layer, Source


def validate(
    delivery: Normalised,
    source: Source,
    layer: Layer,
    area: Area,
    admin: AdminAreas | None,
    catalogue: IssueCatalogue,
) -> Validated:
    """Judges every row. `admin` is None while the map has no subdistricts yet.

    Raises RowAccountingError if a row went astray, which is a fault of ours.
    """
    places = find_places(delivery.shapes, layer, admin)
    issues = gather(
        [
            delivery.issues,
            *unreadable_rows(delivery.raw, catalogue),
            *broken_rules(delivery.table, source, layer, catalogue),
            *place_issues(delivery, source, layer, catalogue),
            *position_issues(delivery, places, layer, area, admin, catalogue),
        ]
    )
    issues = gather([issues, *key_issues(delivery, source, issues, catalogue)])
    quarantined = quarantine(delivery.raw, issues)
    keep = pc.invert(pc.is_in(delivery.table["source_row"], quarantined["source_row"]))
    kept = np.asarray(keep)
    shapes = delivery.shapes.filter(kept)
    accepted = delivery.table.filter(keep).append_column("geom", shapes.to_wkb())
    accepted = with_places(accepted, places.at[kept], shapes.missing, admin)
    rows_in = delivery.raw.report.records - delivery.raw.report.blank_records
    rows_out = accepted.num_rows + quarantined.num_rows + delivery.filtered.num_rows
    if rows_in != rows_out:
        raise RowAccountingError(source.id, "validate", rows_in, rows_out)
    return Validated(
        accepted=accepted,
        quarantined=quarantined,
        filtered=delivery.filtered,
        issues=issues,
        rows_in=rows_in,
        rows_at_area=int(shapes.missing.sum()),
        rows_repaired=count_repaired(issues, accepted),
        schema={
            field.name: str(field.type)
            for field in delivery.raw.table.schema
            if field.name not in (ROW, GEOM)
        },
        lineage={**delivery.lineage, "boundaries": admin.fingerprint if admin else ""},
    )
