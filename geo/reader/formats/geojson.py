"""GeoJSON: its structure is walked first, then GDAL reads it; an old `crs` member is heeded."""

from __future__ import annotations

import json
import struct
from typing import Any

import pyarrow as pa

from geo.reader.delivery import Delivery, Piece, ordinals, plain, quarantine_lost
from geo.reader.formats import vector
from geo.reader.formats.json_count import count
from geo.reader.formats.json_walk import Feature, open_text, walk
from geo.reader.job import Job
from geo.reader.names import few_enough, once_each, refuse_mostly_empty
from geo.reader.refused import Refused

MIN_SHARE_NOT_DEGREES = 0.5


class _Seen:
    """What each feature's geometry says, before GDAL has a say."""

    def __init__(self) -> None:
        self.has_geometry: list[bool] = []
        self.ids: list[int | str | None] = []
        self.parts: dict[int, int] = {}  # of collections, by the index of their feature
        self.not_degrees = 0
        self.names: set[str] = set()

    def __call__(self, feature: Feature) -> None:
        properties = feature.get("properties")
        self.names.update(properties if isinstance(properties, dict) else feature)
        few_enough(len(self.names))
        geometry = feature.get("geometry")
        position = _first_position(geometry)
        if (parts := _parts(geometry)) is not None:
            self.parts[len(self.has_geometry)] = len(parts)
        self.has_geometry.append(position is not None)
        self.ids.append(feature.get("id"))
        if position and (abs(position[0]) > 180 or abs(position[1]) > 90):
            self.not_degrees += 1


def read(job: Job) -> Delivery:
    """The features of a FeatureCollection, or one Feature, in the order of the file."""
    path, text, encoding = open_text(job)
    seen = _Seen()
    members = walk(text, seen)
    size = len(text)
    del text
    records = count(path.read_bytes())
    if members.get("type") == "Feature":
        seen(members)
        records += 1
    elif members.get("type") != "FeatureCollection":
        raise Refused("format_mismatch", f"type: {members.get('type')}, geojson")
    elif not isinstance(members.get("features"), slice):
        raise Refused("json_broken", "no list of features")
    refuse_mostly_empty(len(seen.names), len(seen.has_geometry), size, job.limits["cells"])
    declared = _declared_crs(members.get("crs"))
    layer = vector.read_layer(path, "geojson", ARRAY_AS_STRING="YES", DATE_AS_STRING="YES")
    if len(layer.fids) != len(seen.has_geometry):
        raise Refused("rows_lost", f"{len(layer.fids)} of {len(seen.has_geometry)}")
    names, oddities = once_each(layer.table.column_names)
    columns = dict(zip(names, map(plain, layer.table.columns), strict=True))
    if "id" not in columns and any(value is not None for value in seen.ids):
        columns = {"id": _ids(seen.ids)} | columns
    crs = layer.crs
    located = sum(seen.has_geometry)
    if declared is None and located and seen.not_degrees > MIN_SHARE_NOT_DEGREES * located:
        detail = f"{seen.not_degrees} of {located} geometries lie outside 180 and 90 degrees"
        oddities.append(("geojson_not_degrees", detail))
        crs = None
    piece = Piece(ordinals(len(layer.fids)), columns, layer.geometry)
    piece.quarantine(_in_part(layer.geometry, seen.parts, len(layer.fids)), "geometry_unreadable")
    quarantine_lost(piece, [seen.has_geometry[row - 1] for row in piece.rows.to_pylist()])
    return Delivery(
        driver="GeoJSON",
        pieces=[piece],
        records=records,
        encoding_declared="utf-8",
        encoding_found=encoding,
        crs_declared=crs,
        crs_text=declared,
        geometry_type=layer.geometry_type,
        oddities=oddities + layer.warnings,
    )


def _in_part(geometry: pa.Array | None, parts: dict[int, int], rows: int) -> pa.Array:
    """Where GDAL left out parts of a collection that it did not understand."""
    lost = [False] * rows
    for row, stated in parts.items():
        wkb = None if geometry is None else geometry[row].as_py()
        lost[row] = wkb is not None and struct.unpack_from("<I", wkb, 5)[0] != stated
    return pa.array(lost, pa.bool_())


def _ids(ids: list[int | str | None]) -> pa.Array:
    """The features' own ids: GDAL takes whole numbers for its feature number and no column."""
    try:
        return pa.array(ids, pa.int64())
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in ids], pa.string())


def _declared_crs(crs: Any) -> str | None:
    """The name in the `crs` member of the GeoJSON of 2008; a link is never followed."""
    if crs is None:
        return None
    said = crs.get("properties") if isinstance(crs, dict) else None
    if isinstance(said, dict):
        if crs.get("type") == "name" and isinstance(said.get("name"), str):
            return str(said["name"])
        if crs.get("type") == "EPSG" and str(said.get("code")).isdigit():
            return f"EPSG:{said['code']}"
    raise Refused("crs_link", json.dumps(crs, ensure_ascii=False))


def _parts(geometry: Any) -> list[Any] | None:
    if not isinstance(geometry, dict) or geometry.get("type") != "GeometryCollection":
        return None
    parts = geometry.get("geometries")
    return parts if isinstance(parts, list) else None


def _first_position(geometry: Any) -> list[float] | None:
    """The first position that a geometry states; 0, 0 for what is no position; None if nothing."""
    if not isinstance(geometry, dict):
        return None
    inner = geometry.get("coordinates")
    if geometry.get("type") == "GeometryCollection":
        parts = geometry.get("geometries")
        return _first_position(parts[0]) if isinstance(parts, list) and parts else None
    while isinstance(inner, list) and inner and isinstance(inner[0], list):
        inner = inner[0]
    if not isinstance(inner, list) or not inner:
        return None
    numbers = [value for value in inner[:2] if isinstance(value, int | float)]
    return numbers if len(numbers) == 2 else [0.0, 0.0]
