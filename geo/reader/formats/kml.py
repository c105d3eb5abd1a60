"""KML: all folders and documents of a file as one table, its words as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from geo.reader import encoding, sniff
from geo.reader.delivery import Delivery, Piece, quarantine_lost
from geo.reader.formats import vector
from geo.reader.formats.kml_walk import Walk, count
from geo.reader.job import Job
from geo.reader.names import Oddities, once_each, refuse_mostly_empty
from geo.reader.only_file import only_file
from geo.reader.refused import Refused


def read(job: Job) -> Delivery:
    """All placemarks, or those of the containers named by `container_layer`."""
    text, found = _text(only_file(job), job)
    flat = job.work / "data.kml"
    with flat.open("w", encoding="utf-8") as shapes:
        walk = Walk(text, shapes)
    counted = count(text)
    columns = len(walk.own) + len(walk.data)
    refuse_mostly_empty(columns, len(walk.folder), len(text), job.limits["cells"])
    del text
    names = walk.folder_names()
    if job.container_layer is not None and job.container_layer not in names:
        raise Refused("layer_missing", f"{job.container_layer}; {', '.join(names)}")
    geometry, warnings = _shapes(flat, len(walk.folder))
    named, oddities = _columns(walk, names, job.columns_hint)
    if walk.links:
        oddities.append(("network_link", f"{walk.links} links to other files are not followed"))
    chosen = [job.container_layer in (None, names[folder]) for folder in walk.folder]
    wanted = pa.array(chosen, pa.bool_())
    piece = Piece(
        rows=pa.array(range(1, len(chosen) + 1), pa.int64()).filter(wanted),
        columns={name: column.filter(wanted) for name, column in named.items()},
        geometry=geometry.filter(wanted),
    )
    piece.quarantine(pa.array(walk.garbled, pa.bool_()).filter(wanted), "geometry_unreadable")
    quarantine_lost(piece, [walk.located[row - 1] for row in piece.rows.to_pylist()])
    return Delivery(
        driver="LIBKML",
        pieces=[piece],
        records=counted - chosen.count(False),
        container_layer=job.container_layer,
        encoding_found=found,
        crs_declared="EPSG:4326",
        geometry_type="Unknown",
        oddities=oddities + warnings,
    )


def _text(path: Path, job: Job) -> tuple[str, str]:
    """The document in whatever encoding it is, and which that was."""
    data = path.read_bytes()
    sniff.refuse_entities(data[: sniff.HEAD_BYTES])
    found = encoding.decide(data, job.encoding)
    return encoding.convert(data, found).text.removeprefix("\ufeff").lstrip(), found


def _shapes(flat: Path, placemarks: int) -> tuple[pa.Array, Oddities]:
    """WKB of each placemark of the flat document."""
    if not placemarks:
        return pa.nulls(0, pa.binary()), []
    layer = vector.read_layer(flat, "kml")
    if len(layer.fids) != placemarks:
        raise Refused("rows_lost", f"{len(layer.fids)} of {placemarks}")
    if layer.geometry is None:
        return pa.nulls(placemarks, pa.binary()), layer.warnings
    return layer.geometry.cast(pa.binary()), layer.warnings


def _columns(
    walk: Walk, folders: Sequence[str], declared: Sequence[str]
) -> tuple[dict[str, pa.Array], Oddities]:
    """KML's own fields that somebody filled, the agency's, ids, and folders if there are several.

    The tag <name> is the column `Name`, as everywhere in GDAL, unless the source declares `name`.
    """
    rows = len(walk.folder)
    spelling = {name.casefold(): name for name in ("Name", *declared)}
    columns = [(spelling.get(name, name), own) for name, own in walk.own.arrays(rows).items()]
    columns += [*walk.data.arrays(rows).items(), *walk.ids.arrays(rows).items()]
    if len(set(walk.folder)) > 1:
        inside = pa.array([folders[folder] for folder in walk.folder], pa.string())
        columns.append((spelling.get("folder", "folder"), inside))
    names, renamed = once_each([name for name, _ in columns])
    return dict(zip(names, (column for _, column in columns), strict=True)), renamed
