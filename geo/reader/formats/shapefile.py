"""Shapefile, zipped or bare: checked part against part, attributes decoded by their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.reader import archive, sniff
from geo.reader.delivery import Delivery, Piece
from geo.reader.formats import dbf, vector
from geo.reader.formats.shapefile_parts import Structure, check
from geo.reader.job import Job
from geo.reader.names import Oddities, once_each
from geo.reader.refused import Refused

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
REQUIRED = (".shp", ".shx", ".dbf")
MAX_SIDE_FILE_BYTES = 64 * 1024


def read(job: Job) -> Delivery:
    """The one shapefile among the job's files (or the one named by `container_layer`)."""
    stem, parts = _choose(_sets(_unpacked(job)), job.container_layer)
    for part in parts.values():
        sniff.refuse_pointer(part)
    structure = check(parts[".shp"], parts[".shx"], parts[".dbf"])
    shapefile = _assemble(job.work, parts)
    looked = vector.look_into(shapefile, "shapefile")
    layer = vector.stream_layer(shapefile, "shapefile", encoding="ISO-8859-1")
    attributes = dbf.Attributes(layer.names, job.work)
    waiting, read = _set_aside(layer, attributes, job.work / "features.arrow")
    if read != structure.records - structure.deleted:
        raise Refused("rows_lost", f"{read} of {structure.records - structure.deleted}")
    attributes.decide(job.encoding, job.columns_hint)
    names, renamed = once_each(attributes.names)
    oddities = [*structure.oddities, *attributes.oddities]
    after = [*renamed, *layer.warnings]
    return Delivery(
        driver="ESRI Shapefile",
        pieces=_pieces(waiting, attributes, names, structure, oddities, after),
        records=structure.records - structure.deleted,
        container_layer=stem,
        encoding_declared=_declared_encoding(parts),
        encoding_found=attributes.encoding,
        crs_declared=layer.crs or looked["crs_wkt"],
        crs_text=_text(parts.get(".prj")),
        geometry_type=looked["geometry_type"],
        oddities=oddities,
    )


def _set_aside(
    layer: vector.Stream, attributes: dbf.Attributes, path: Path
) -> tuple[Iterator[pa.RecordBatch], int]:
    """The features in Latin-1, to be read again when their encoding is known; how many they are."""
    count, ipc = 0, None
    with pa.OSFile(str(path), "wb") as file:
        for batch in layer.batches:
            geometry = [] if batch.geometry is None else [batch.geometry]
            columns = [batch.fids, *geometry, *attributes.take(batch.table)]
            held = pa.RecordBatch.from_arrays(columns, names=list(map(str, range(len(columns)))))
            ipc = ipc or pa.ipc.new_stream(file, held.schema)
            ipc.write_batch(held)
            count += held.num_rows
        assert ipc is not None, "a stream of features has a batch"
        ipc.close()
    return _read_again(path), count


def _read_again(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file:
        yield from pa.ipc.open_stream(file)


def _pieces(
    waiting: Iterator[pa.RecordBatch],
    attributes: dbf.Attributes,
    names: Sequence[str],
    structure: Structure,
    oddities: Oddities,
    after: Oddities,
) -> Iterator[Piece]:
    for batch in waiting:
        fids, *columns = batch.columns
        geometry = columns.pop(0) if len(columns) > len(names) else None
        decoded = attributes.decoded(columns)
        piece = Piece(pc.add(fids, 1), dict(zip(names, decoded, strict=True)), geometry)
        _quarantine_lost_shapes(piece, structure, fids)
        damaged = structure.damaged[piece.rows.to_numpy(zero_copy_only=False) - 1]
        piece.quarantine(pa.array(damaged), "record_damaged")
        yield piece
    oddities += [*attributes.cut_tails(), *after]


def _unpacked(job: Job) -> dict[str, Path]:
    """The parts by their names; of several files, those that are no parts are left aside."""
    if len(job.files) == 1:
        ((name, path),) = job.files.items()
        if sniff.require(path, name, "shapefile") == "zip":
            return archive.unpack(path, job.work, PARTS, job.limits)
    return {
        name: path
        for name, path in job.files.items()
        if PurePosixPath(name.lower()).suffix in PARTS
    }


def _sets(files: dict[str, Path]) -> dict[str, dict[str, Path]]:
    """The parts of each shapefile by its name (with its folder, if it lies in one)."""
    sets: dict[str, dict[str, Path]] = {}
    originals: dict[str, str] = {}
    for name, path in files.items():
        plain = PurePosixPath(name.replace("\\", "/"))
        stem = str(plain.with_suffix(""))
        stem = originals.setdefault(stem.casefold(), stem)
        sets.setdefault(stem, {})[plain.suffix.lower()] = path
    return {stem: parts for stem, parts in sets.items() if ".shp" in parts}


def _choose(sets: dict[str, dict[str, Path]], wanted: str | None) -> tuple[str, dict[str, Path]]:
    by_name = {PurePosixPath(stem).name: stem for stem in sets}
    if wanted is not None:
        chosen = wanted if wanted in sets else by_name.get(wanted)
        if chosen is None:
            raise Refused("layer_missing", f"{wanted}; {', '.join(sorted(sets))}")
    elif len(sets) == 1:
        chosen = next(iter(sets))
    elif not sets:
        raise Refused("shapefile_missing")
    else:
        raise Refused("layer_not_named", ", ".join(sorted(sets)))
    parts = sets[chosen]
    if missing := [part for part in REQUIRED if part not in parts]:
        raise Refused("shapefile_part_missing", ", ".join(missing))
    if sniff.kind(parts[".shp"]) != "shp":
        sniff.refuse_pointer(parts[".shp"])
        raise Refused("format_mismatch", f"{chosen}.shp: {sniff.kind(parts['.shp'])}, shapefile")
    return PurePosixPath(chosen).name, parts


def _assemble(work: Path, parts: dict[str, Path]) -> Path:
    """One set of names for GDAL, without the .cpg: attributes are read as Latin-1."""
    for suffix in (".shp", ".shx", ".dbf", ".prj"):
        if suffix in parts:
            parts[suffix].rename(work / f"data{suffix}")
            parts[suffix] = work / f"data{suffix}"
    return work / "data.shp"


def _declared_encoding(parts: dict[str, Path]) -> str | None:
    """The .cpg, or the language byte of the .dbf where there is none."""
    if label := _text(parts.get(".cpg")):
        return label
    with parts[".dbf"].open("rb") as file:
        language = file.read(30)[29]
    return f"LDID {language:#04x}" if language else None


def _text(path: Path | None) -> str | None:
    if path is None:
        return None
    with path.open("rb") as file:
        text = file.read(MAX_SIDE_FILE_BYTES).decode("latin-1").strip("\x00 \r\n\t")
    return text or None


def _quarantine_lost_shapes(piece: Piece, structure: Structure, fids: pa.Array) -> None:
    """A record that has a shape in the .shp and none after GDAL was not understood."""
    if piece.geometry is None:
        return
    has_shape = structure.has_shape[fids.to_numpy(zero_copy_only=False)]
    absent = piece.geometry.is_null().to_numpy(zero_copy_only=False)
    piece.quarantine(pa.array(np.logical_and(has_shape, absent)), "geometry_unreadable")
