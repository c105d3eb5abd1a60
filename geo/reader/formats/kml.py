"""KML: all folders and documents of a file as one table.

Expat goes first: it sees whether the document ends, whether it declares entities, and in which
container each placemark stands. LIBKML then makes a layer of each container.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa

from geo.reader import encoding, sniff
from geo.reader.delivery import Delivery, plain, quarantine_lost
from geo.reader.drivers import KML_OWN
from geo.reader.formats import vector
from geo.reader.job import Job
from geo.reader.names import Oddities, once_each
from geo.reader.only_file import only_file
from geo.reader.refused import Refused

GEOMETRIES = frozenset(
    {
        "Point",
        "LineString",
        "LinearRing",
        "Polygon",
        "MultiGeometry",
        "Model",
        "Track",
        "MultiTrack",
    }
)
CONTAINERS = frozenset({"Document", "Folder"})
KEPT_OF_KML = ("name", "description", "timestamp", "begin", "end")


class _Outline:
    """Containers in the order of the document, and the placemarks of each by their ordinal."""

    def __init__(self) -> None:
        self.root: str | None = None
        self.placemarks: list[list[int]] = []
        self.located: set[int] = set()
        self.links = 0
        self._count = 0
        self._inside: list[int] = []

    def start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self.root is None:
            self.root = local
        if local in CONTAINERS:
            self._inside.append(len(self.placemarks))
            self.placemarks.append([])
        elif local == "Placemark":
            self._count += 1
            if not self._inside:  # directly below <kml>
                self._inside.append(0)
                self.placemarks.append([])
            self.placemarks[self._inside[-1]].append(self._count)

        elif local in GEOMETRIES:
            self.located.add(self._count)
        elif local == "NetworkLink":
            self.links += 1

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] in CONTAINERS:
            self._inside.pop()

    def refuse(self, *_: object) -> None:
        raise Refused("xml_entities")


def read(job: Job) -> Delivery:
    """All placemarks, or those of the container named by `container_layer`."""
    path, found = _as_utf8(only_file(job), job)
    outline = _outline(path)
    names = vector.layer_names(path, "kml")
    if job.container_layer is not None and job.container_layer not in names:
        raise Refused("layer_missing", f"{job.container_layer}; {', '.join(names)}")
    layers = [vector.read_layer(path, "kml", i) for i in range(len(names))]
    filled = [(name, layer) for name, layer in zip(names, layers, strict=True) if len(layer.fids)]
    placemarks = [ordinals for ordinals in outline.placemarks if ordinals]
    if [len(layer.fids) for _, layer in filled] != [len(ordinals) for ordinals in placemarks]:
        read_rows = sum(len(layer.fids) for _, layer in filled)
        raise Refused("rows_lost", f"{read_rows} of {sum(map(len, placemarks))}")
    chosen = [
        (name, layer, ordinals)
        for (name, layer), ordinals in zip(filled, placemarks, strict=True)
        if job.container_layer in (None, name)
    ]
    several = len(filled) > 1
    table = pa.concat_tables(
        [_own_columns(layer.table, name if several else None) for name, layer, _ in chosen]
        or [pa.table({})],
        promote_options="permissive",
    )
    columns, renamed = _named(table, job.columns_hint)
    numbers = [n for *_, ordinals in chosen for n in ordinals]
    if outline.links:
        renamed.append(("network_link", f"{outline.links} links to other files are not followed"))
    delivery = Delivery(
        driver="LIBKML",
        rows=pa.array(numbers, pa.int64()),
        columns=columns,
        records=len(numbers),
        geometry=pa.concat_arrays(
            [_geometry(layer) for _, layer, _ in chosen] or [pa.nulls(0, pa.binary())]
        ),
        container_layer=job.container_layer,
        encoding_found=found,
        crs_declared="EPSG:4326",
        geometry_type="Unknown",
        oddities=renamed + [oddity for _, layer, _ in chosen for oddity in layer.warnings],
    )
    quarantine_lost(delivery, [number in outline.located for number in numbers])
    return delivery


def _as_utf8(path: Path, job: Job) -> tuple[Path, str]:
    """A copy without entities that expat and LIBKML can read, whatever its encoding."""
    data = path.read_bytes()
    found = encoding.decide(data, job.encoding)
    text = encoding.convert(data, found).text.removeprefix("\ufeff").lstrip()
    if text.startswith("<?xml"):
        text = '<?xml version="1.0" encoding="UTF-8"?>' + text[text.find("?>") + 2 :]
    plain_path = job.work / "data.kml"
    plain_path.write_text(text, "utf-8")
    sniff.refuse_entities(data[: sniff.HEAD_BYTES])
    return plain_path, found


def _outline(path: Path) -> _Outline:
    outline = _Outline()
    parser = expat.ParserCreate()
    parser.StartElementHandler = outline.start
    parser.EndElementHandler = outline.end
    parser.StartDoctypeDeclHandler = outline.refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise Refused("xml_broken", str(error)) from error
    if outline.root != "kml":
        raise Refused("format_mismatch", f"<{outline.root}>, kml")
    return outline


def _own_columns(table: pa.Table, folder: str | None) -> pa.Table:
    """The agency's columns, and of KML's own those that are about the place and not its looks."""
    kept: dict[str, pa.Array] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        own = name.startswith(KML_OWN)
        if own and name.removeprefix(KML_OWN) not in KEPT_OF_KML:
            continue
        kept[name] = column
    if folder is not None:
        kept[f"{KML_OWN}folder"] = pa.array([folder] * table.num_rows, pa.string())
    return pa.table(kept)


def _geometry(layer: vector.Layer) -> pa.Array:
    if layer.geometry is None:
        return pa.nulls(len(layer.fids), pa.binary())
    return layer.geometry.cast(pa.binary())


def _named(table: pa.Table, declared: Sequence[str]) -> tuple[dict[str, pa.Array], Oddities]:
    """Columns under their own names, without those of KML that nobody filled.

    The tag <name> is the column `Name`, as everywhere in GDAL, unless the source declares `name`.
    """
    used = [
        name
        for name in table.column_names
        if not (name.startswith(KML_OWN) or name == "id")
        or table.column(name).null_count < table.num_rows
    ]
    spelling = {name.casefold(): name for name in ("Name", *declared)}
    wanted = [
        spelling.get(name.removeprefix(KML_OWN).casefold(), name.removeprefix(KML_OWN))
        if name.startswith(KML_OWN)
        else name
        for name in used
    ]
    names, renamed = once_each(wanted)
    columns = {new: plain(table.column(old)) for new, old in zip(names, used, strict=True)}
    return columns, renamed
