"""Esri JSON, the answer of an ArcGIS REST query."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from geo.reader.delivery import Delivery, Piece, ordinals, plain, quarantine_lost
from geo.reader.formats import vector
from geo.reader.formats.json_count import count
from geo.reader.formats.json_walk import Feature, open_text, walk
from geo.reader.job import Job
from geo.reader.names import few_enough, once_each, refuse_mostly_empty
from geo.reader.refused import Refused

MAX_EPSG = 32767


def read(job: Job) -> Delivery:
    """The features of one complete answer, in its order."""
    path, text, encoding = open_text(job)
    has_geometry: list[bool] = []
    attributes: dict[str, None] = {}

    def see(feature: Feature) -> None:
        has_geometry.append(_has_geometry(feature.get("geometry")))
        said = feature.get("attributes") or {}
        if not isinstance(said, dict):
            raise Refused("json_broken", f"attributes of feature {len(has_geometry)}")
        attributes.update(dict.fromkeys(said))
        few_enough(len(attributes))

    members = walk(text, see)
    records = count(path.read_bytes())
    is_list = isinstance(members.get("features"), slice)
    if not is_list or members.get("type") == "FeatureCollection":
        raise Refused("format_mismatch", "no Esri features, esri_json")
    fields = _fields(members, attributes)
    columns = len(fields or attributes)
    refuse_mostly_empty(columns, len(has_geometry), len(text), job.limits["cells"])
    _write_in_order(path, text, members, fields)
    del text
    layer = vector.read_layer(path, "esri_json")
    if len(layer.fids) != len(has_geometry):
        raise Refused("rows_lost", f"{len(layer.fids)} of {len(has_geometry)}")
    names, oddities = once_each(layer.table.column_names)
    columns_by_name = dict(zip(names, map(plain, layer.table.columns), strict=True))
    piece = Piece(ordinals(len(layer.fids)), columns_by_name, layer.geometry)
    quarantine_lost(piece, has_geometry)
    return Delivery(
        driver="ESRIJSON",
        pieces=[piece],
        records=records,
        encoding_declared="utf-8",
        encoding_found=encoding,
        crs_declared=layer.crs,
        crs_text=_declared_crs(members.get("spatialReference")),
        geometry_type=layer.geometry_type,
        oddities=oddities + layer.warnings,
    )


def _declared_crs(reference: Any) -> str | None:
    """Esri's number of a CRS is EPSG's up to 32767; beyond, it is Esri's own."""
    if not isinstance(reference, dict):
        return None
    number = reference.get("latestWkid") or reference.get("wkid")
    if isinstance(number, int):
        return f"EPSG:{number}" if number <= MAX_EPSG else f"ESRI:{number}"
    return reference.get("wkt") or reference.get("wkt2")


def _fields(members: dict[str, Any], attributes: Iterable[str]) -> list[dict[str, Any]]:
    """The declared fields, with the object id as a number, and the undeclared as text.

    None where the answer declares none: GDAL takes them from the features.
    """
    fields = [field for field in members.get("fields") or () if isinstance(field, dict)]
    for field in fields:
        if field.get("type") == "esriFieldTypeOID":
            field["type"] = "esriFieldTypeBigInteger"
    if fields:
        declared = {str(field.get("name")) for field in fields}
        more = [name for name in attributes if name not in declared]
        fields += [{"name": name, "type": "esriFieldTypeString"} for name in more]
    few_enough(len(fields))
    return fields


def _write_in_order(
    path: Path, text: str, members: dict[str, Any], fields: list[dict[str, Any]]
) -> None:
    """Write the answer for GDAL without its object id, by which GDAL would sort the features."""
    outer = {k: v for k, v in members.items() if k not in ("features", "objectIdFieldName")}
    outer |= {"fields": fields} if fields else {}
    opening = json.dumps(outer, ensure_ascii=False).removesuffix("}")
    separator = ", " if outer else ""
    path.write_text(f'{opening}{separator}"features": {text[members["features"]]}}}', "utf-8")


def _has_geometry(geometry: Any) -> bool:
    """Esri writes an empty point as x: null or "NaN", other empty shapes as empty lists."""
    if not isinstance(geometry, dict):
        return False
    if "x" in geometry:
        return geometry["x"] not in (None, "NaN")
    shapes = ("rings", "paths", "points", "curveRings", "curvePaths")
    return any(geometry.get(shape) for shape in shapes)
