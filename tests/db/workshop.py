"""A small map in a fresh database, and its releases: what tests of publication work with."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from geoalchemy2 import WKTElement
from sqlalchemy import Engine, insert, text, update

from geo.publish import Release, publish
from geo.store import lease, tables
from geo.store.database import open_engine, transaction
from geo.store.declare import declare
from schemas.catalogue import MapView, load_catalogue

NOW = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)
LAYERS = ("districts", "subdistricts", "health_catchments", "parks", "housing_communities")
PHRA_NAKHON = (
    "MULTIPOLYGON(((100.48 13.74, 100.51 13.74, 100.51 13.77, 100.48 13.77, 100.48 13.74)))"
)
BORWON = "MULTIPOLYGON(((100.48 13.74, 100.50 13.74, 100.50 13.76, 100.48 13.76, 100.48 13.74)))"


@dataclass
class Workshop:
    """A small map in a fresh database, and a folder of releases."""

    engine: Engine
    view: MapView
    releases: Path
    runs: dict[str, int] = field(default_factory=dict)

    def publish(self, **changed: Any) -> Release | None:
        """Publishes; parts of the map and the folder may be other than they are."""
        own = {"releases_folder": self.releases, "progress": None}
        given = {name: changed.pop(name, value) for name, value in own.items()}
        view = replace(self.view, **changed)
        names = [layer.id for layer in self.view.layers]
        with lease.hold(self.engine, names, wait_seconds=5) as token:
            return publish(self.engine, token, view, **given)

    def put(self, layer: str, key: str, wkt: str | None, **values: Any) -> str:
        """Adds one feature to the release that is being prepared; returns its id."""
        source = next(source for source in self.view.sources if source.layer == layer)
        with transaction(self.engine) as connection:
            if layer not in self.runs:
                (self.runs[layer],) = connection.execute(
                    insert(tables.run).returning(tables.run.c.run_id),
                    {
                        "source_id": source.id,
                        "layer_id": layer,
                        "started_at": NOW,
                        "fetched_at": datetime(2026, 2, 27, 20, tzinfo=UTC),  # the 28th in Bangkok
                        "outcome": "accepted",
                        "evidence": {},
                        "lineage": {},
                        "snapshot_sha256": "ab" * 32,
                        "target_release": 1,
                        "rows_in": 1,
                        "rows_published": 0,
                        "rows_quarantined": 1,
                        "rows_filtered": 0,
                        "rows_at_area": 2,
                    },
                ).one()
            counted = {"rows_in": tables.run.c.rows_in + 1}
            counted["rows_published"] = tables.run.c.rows_published + 1
            mine = tables.run.c.run_id == self.runs[layer]
            connection.execute(update(tables.run).where(mine).values(counted))
            target = connection.execute(text("select release + 1 from meta.pointer")).scalar_one()
            row = {
                "feature_id": uuid.uuid5(uuid.NAMESPACE_OID, f"{layer} {key}"),
                "source_id": source.id,
                "source_key": key,
                "source_row": 2,
                "run_id": self.runs[layer],
                "content_hash": hashlib.md5(key.encode(), usedforsecurity=False).digest(),
                "location_precision": "exact",
                "geom": WKTElement(wkt, srid=4326) if wkt else None,
                "release_from": target,
                **values,
            }
            connection.execute(insert(tables.history(self.view.layer(layer))), row)
        return str(row["feature_id"])

    def execute(self, statement: str) -> None:
        with transaction(self.engine) as connection:
            connection.execute(text(statement))

    def pointer(self) -> int:
        with transaction(self.engine) as connection:
            number: int = connection.execute(text("select release from meta.pointer")).scalar_one()
        return number


def open_workshop(
    url: str, releases: Path, shaped: Callable[[MapView], MapView] = lambda view: view
) -> Workshop:
    """Five of Bangkok's layers, declared and empty; `shaped` makes others of the declarations."""
    view = shaped(load_catalogue().map_view("bangkok"))
    small = replace(
        view,
        layers=tuple(layer for layer in view.layers if layer.id in LAYERS),
        sources=tuple(source for source in view.sources if source.layer in LAYERS),
    )
    engine = open_engine(url)
    declare(engine, small)
    return Workshop(engine, small, releases)


def furnish(workshop: Workshop) -> Workshop:
    """A district, its subdistrict, and a park with a position."""
    names = {"name_th": "พระนคร", "name_en": "Phra Nakhon"}
    workshop.put("districts", "1001", PHRA_NAKHON, district_code="1001", population=40000, **names)
    workshop.put(
        "subdistricts",
        "100101",
        BORWON,
        district_code="1001",
        subdistrict_code="100101",
        name_th="พระบรมมหาราชวัง",
    )
    workshop.put("parks", "1", "POINT(100.495 13.752)", name_th="สวนสราญรมย์", area_m2=36800.5)
    return workshop


def published(workshop: Workshop, **changed: Any) -> Release:
    release = workshop.publish(**changed)
    assert release is not None
    return release


def layer_of(manifest: dict[str, Any], layer: str) -> dict[str, Any]:
    return next(entry for entry in manifest["layers"] if entry["id"] == layer)


def files_of(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from manifest["files"].values()
    for layer in manifest["layers"]:
        yield from layer["files"].values()


def archive_of(release: Release, name: str) -> Path:
    entries = release.manifest if name == "map" else layer_of(release.manifest, name)
    return release.folder / entries["files"]["pmtiles"]["path"]
