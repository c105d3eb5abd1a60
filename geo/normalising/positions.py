"""Where a row is: geometry from the file or from two columns, moved to WGS 84 and put in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.issues import IssueCatalogue
from geo.space import wkb
from geo.space.geometry import Conformed, conform, swap_axes, swapped
from geo.space.operations import Operation, to_degrees
from geo.space.shapes import Shapes
from geo.states import GEOM, ROW
from geo.values.distinct import as_text
from geo.values.units import parse_number
from schemas.models import Area, Layer, Source


@dataclass(frozen=True)
class Positions:
    """Shapes in EPSG:4326 by row; none without a position."""

    shapes: Shapes
    issues: list[pa.Table]


def read_positions(
    rows: pa.Table,
    operation: Operation | None,
    source: Source,
    layer: Layer,
    area: Area,
    catalogue: IssueCatalogue,
) -> Positions:
    """Positions of `rows` (those of a batch that are kept), moved by `operation`; None: they have
    none."""
    if operation is None:
        return Positions(Shapes.none(rows.num_rows), [])
    numbers = np.asarray(rows[ROW])
    if source.position.origin == "file":
        found, issues = _from_file(rows, numbers, catalogue)
    else:
        found, issues = _from_columns(rows, numbers, source, catalogue)
    moved = to_degrees(found, operation)
    turned = swapped(moved, area.extent)
    if turned.any():
        moved = swap_axes(moved, turned)
        issues.append(catalogue.make("position_swapped", numbers[turned], value="lat, lon"))
    conformed = conform(moved, layer.geometry, layer.precision)
    return Positions(
        conformed.shapes,
        issues + _what_conforming_found(conformed, numbers, catalogue),
    )


def _from_file(
    rows: pa.Table, numbers: NDArray[np.int64], catalogue: IssueCatalogue
) -> tuple[Shapes, list[pa.Table]]:
    shapes, unreadable, curved = wkb.read(rows[GEOM])
    detail = "the bytes of the shape cannot be read"
    return shapes, [
        catalogue.make("geometry_unrepairable", numbers[unreadable], detail=detail),
        catalogue.make("geometry_curved", numbers[curved]),
    ]


def _from_columns(
    rows: pa.Table, numbers: NDArray[np.int64], source: Source, catalogue: IssueCatalogue
) -> tuple[Shapes, list[pa.Table]]:
    """Points; `0, 0` stands for a position that nobody measured."""
    names = (str(source.position.x), str(source.position.y))
    x, y = (parse_number(rows[name]) for name in names)
    xs, ys = (
        np.array(part.values.to_numpy(zero_copy_only=False), dtype=np.float64) for part in (x, y)
    )
    nowhere = (xs == 0) & (ys == 0)
    unreadable = x.unreadable | y.unreadable | nowhere
    xs[unreadable] = np.nan
    texts = [as_text(rows[name]).filter(pa.array(unreadable)).fill_null("") for name in names]
    shown = pa.compute.binary_join_element_wise(*texts, ", ")
    issue = catalogue.make(
        "position_unreadable", numbers[unreadable], column=", ".join(names), value=shown
    )
    return Shapes.at(np.column_stack((xs, ys))), [issue]


def _what_conforming_found(
    conformed: Conformed, numbers: NDArray[np.int64], catalogue: IssueCatalogue
) -> list[pa.Table]:
    moved, changed = conformed.moved_m, conformed.area_change_m2
    repaired = conformed.repaired
    details = [
        f"{metres:.2f} m, {area:+.1f} m2"
        for metres, area in zip(moved[repaired], changed[repaired], strict=True)
    ]
    return [
        catalogue.make(
            "geometry_invalid_repaired", numbers[repaired], detail=pa.array(details, pa.string())
        ),
        catalogue.make("geometry_unrepairable", numbers[conformed.unrepairable]),
        catalogue.make(
            "geometry_unrepairable", numbers[conformed.not_finite], detail="not a finite number"
        ),
        catalogue.make(
            "geometry_type_mismatch", numbers[conformed.mismatched], detail="another kind of shape"
        ),
        catalogue.make(
            "geometry_too_many_vertices", numbers[conformed.too_many_vertices], detail="> 200,000"
        ),
    ]
