"""The formats that a source may have: one line each here, and one module in `geo/reader/formats`.

Lint, JSON Schema, the sniffing of bytes and the choice of a parser all read this table. It imports
nothing, so that the reading child can have it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Format:
    """One format.

    `module` is below `geo.reader.formats`; `driver` is GDAL's, where GDAL reads it; `kinds` are
    what its bytes may look like (`geo.reader.sniff.kind`); `suffixes` are those of its files, in a
    zip or bare, and `parts` those of files that belong to one delivery. `is_table`: it has no
    geometry of its own. `has_layers`: one file may hold several layers or sheets.
    """

    module: str
    kinds: tuple[str, ...]
    suffixes: tuple[str, ...]
    driver: str | None = None
    parts: tuple[str, ...] = ()
    is_table: bool = False
    has_layers: bool = False


_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "shapefile": Format(
            "shapefile", ("shp", "zip"), (".shp",), "ESRI Shapefile", parts=_SHAPEFILE
        ),
        "geopackage": Format(
            "geopackage", ("sqlite", "zip"), (".gpkg",), "GPKG", has_layers=True
        ),
        "geojson": Format("geojson", ("json", "zip"), (".geojson", ".json"), "GeoJSON"),
        "esri_json": Format("esri_json", ("json", "zip"), (".json",), "ESRIJSON"),
        "kml": Format("kml", ("xml", "zip"), (".kml",), "LIBKML", has_layers=True),
        "csv": Format("delimited", ("text", "zip"), (".csv", ".txt", ".tsv"), is_table=True),
        "xlsx": Format("spreadsheet", ("zip",), (".xlsx",), is_table=True, has_layers=True),
    }
)  # fmt: skip
"""Every format, by the word that a source declares."""
