"""The stream: normalise -> validate, batch by batch over a delivery that waits on the disk.

`judged` is its unit: one pure function of a batch, of what was declared and decided for all of the
delivery, and of the boundaries as data. It asks no database and knows no other batch, so any engine
may work on batches in any place; what only all rows together tell is settled in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from geo.issues import IssueCatalogue
from geo.normalise import normalise
from geo.space.areas import AdminAreas
from geo.space.operations import Operation
from geo.states import Judged, RawTable, Surveyed, Validated
from geo.validate import Settling, validate
from schemas.models import Area, Layer, Source


@dataclass(frozen=True)
class Declared:
    """All that is declared of a source and of its layer, but for the boundaries."""

    source: Source
    layer: Layer
    area: Area
    catalogue: IssueCatalogue


def stream(
    delivery: Surveyed,
    declared: Declared,
    admin: AdminAreas | None,
    copy: Callable[[pa.Table], None] | None = None,
) -> Validated:
    """Judges all of a delivery; the memory holds one batch, and the keys that rows may share.

    `copy` gets the accepted rows of each batch, to send them ahead while the next one is judged.
    Raises RowAccountingError if a row went astray, which is a fault of ours.
    """
    settling = Settling(delivery, declared.source, admin, declared.catalogue)
    for batch in delivery.raw.batches():
        accepted = settling.add(judged(batch, delivery.operation, declared, admin, delivery.alike))
        if copy:
            copy(accepted)
    return settling.finish()


def judged(
    batch: RawTable,
    operation: Operation | None,
    declared: Declared,
    admin: AdminAreas | None,
    alike: pa.Array | None = None,
) -> Judged:
    """The unit of the stream: a batch in, its rows in the words of the layer and their issues out.

    `operation` and `alike` are what the survey decided of all rows (`Surveyed`).
    """
    source, layer, area = declared.source, declared.layer, declared.area
    rows = normalise(batch, operation, source, layer, area, declared.catalogue, alike)
    return validate(rows, source, layer, area, admin, declared.catalogue)
