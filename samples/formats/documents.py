"""CSV, GeoJSON, Esri JSON and KML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

Columns = dict[str, Any]
Shape = dict[str, Any] | None


def csv_bytes(columns: Columns, encoding: str, more: Sequence[bytes] = ()) -> bytes:
    """Records with CRLF; `more` are lines added as they are, whatever bytes they hold."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))
    return text.getvalue().encode(encoding) + b"".join(line + b"\r\n" for line in more)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def geojson(columns: Columns, shapes: Sequence[Shape], name: str) -> bytes:
    """A FeatureCollection, one feature a line."""
    features = (
        {"type": "Feature", "properties": properties, "geometry": shape}
        for properties, shape in zip(_records(columns), shapes, strict=True)
    )
    head = json.dumps({"type": "FeatureCollection", "name": name}, ensure_ascii=False)
    return f'{head[:-1]}, "features": [\n{_lines(features)}\n]}}\n'.encode()


def esri_json(columns: Columns, fields: Sequence[dict[str, Any]], shapes: Sequence[Shape]) -> bytes:
    """The answer of an ArcGIS REST query for points in WGS 84."""
    head = {
        "objectIdFieldName": "OBJECTID",
        "globalIdFieldName": "",
        "geometryType": "esriGeometryPoint",
        "spatialReference": {"wkid": 4326, "latestWkid": 4326},
        "fields": list(fields),
    }
    features = (
        {"attributes": attributes, "geometry": shape}
        for attributes, shape in zip(_records(columns), shapes, strict=True)
    )
    text = json.dumps(head, ensure_ascii=False)
    return f'{text[:-1]}, "features": [\n{_lines(features)}\n]}}\n'.encode()


def kml(
    columns: Columns, names: Sequence[str], shapes: Sequence[str], title: str, schema: str
) -> bytes:
    """Placemarks of one document with the columns as SchemaData; shapes are KML or empty."""
    fields = "".join(f'<SimpleField name="{name}" type="string"/>' for name in columns)
    placemarks = "".join(
        f"<Placemark><name>{escape(name)}</name><ExtendedData>"
        f'<SchemaData schemaUrl="#{schema}">{_simple_data(record)}</SchemaData></ExtendedData>'
        f"{shape}</Placemark>\n"
        for name, record, shape in zip(names, _records(columns), shapes, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
        f'<Document><name>{escape(title)}</name><Schema name="{schema}" id="{schema}">{fields}'
        f"</Schema>\n{placemarks}</Document></kml>\n"
    ).encode()


def _records(columns: Columns) -> list[dict[str, Any]]:
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _lines(features: Any) -> str:
    return ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)


def _simple_data(record: dict[str, Any]) -> str:
    return "".join(
        f'<SimpleData name="{name}">{escape(str(value))}</SimpleData>'
        for name, value in record.items()
        if value is not None
    )


def decimals(values: Any) -> Any:
    """Degrees with seven decimals, empty where there is none."""
    texts = np.char.mod("%.7f", values).astype(object)
    texts[np.isnan(values)] = ""
    return texts
