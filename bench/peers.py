"""What a user would pick instead, run as its users run it.

Each peer loads the same file into an empty, logged table of the same server, with a primary key and
a GIST index. They move Indian 1975 by 189 m, for that is their default; none of them judges a row,
keeps a history, or says what it changed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.layers import Format, Kind

TABLE: Final = "peer"
_POINTS = (
    f"alter table {TABLE} alter column geom type geometry(Point,4326) using ST_Transform(geom,4326)"
)
_POLYGONS = (
    f"alter table {TABLE} alter column geom type geometry(MultiPolygon,4326) using "
    "ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_Transform(geom,4326)),3))"
)
_GEOPANDAS = """\
import sys, geopandas, sqlalchemy
kind, path, url = sys.argv[1:]
rows = geopandas.read_file(path, engine="pyogrio").to_crs(4326)
rows = rows if kind == "points" else rows.set_geometry(rows.make_valid())
engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
rows.to_postgis("peer", engine)
with engine.begin() as connection:
    connection.exec_driver_sql('alter table peer add primary key ("ID")')
"""


def commands(kind: Kind, format: Format, file: Path, url: str) -> Mapping[str, list[str]]:
    """The peers that read this file: name -> command, for a shell where it begins with one."""
    multi = ["-nlt", "MULTIPOLYGON"] if kind == "polygons" else []
    found = {
        "ogr2ogr": [
            *("ogr2ogr", "-q", "-f", "PostgreSQL", f"PG:{url}", str(file), "-nln", TABLE),
            *("-t_srs", "EPSG:4326", "--config", "PG_USE_COPY", "YES"),
            *("-lco", "GEOMETRY_NAME=geom", "-makevalid", *multi),
        ],
        "geopandas": [sys.executable, "-c", _GEOPANDAS, kind, str(file), url],
    }
    if format == "shp":
        turn = _POINTS if kind == "points" else _POLYGONS
        index = f"create index on {TABLE} using gist (geom)"
        found["shp2pgsql"] = [
            *("bash", "-o", "pipefail", "-c"),
            f"shp2pgsql -D -s 24047 -W CP874 '{file}' {TABLE} | psql -q '{url}' >/dev/null && "
            f"psql -q '{url}' -c '{turn}' -c '{index}'",
        ]
    return found


def limit(rows: Path, url: str) -> list[str]:
    """The least that a database takes: the rows that we loaded, copied in, indexed and keyed."""
    return [
        *("psql", "-q", url, "-c", rf"\copy {TABLE} from '{rows}' with (format binary)"),
        *("-c", f"create index on {TABLE} using gist (geom)"),
        *("-c", f"alter table {TABLE} add primary key (feature_id)"),
    ]
