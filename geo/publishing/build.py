"""Builds and verifies all products of a release in a folder, from one snapshot of the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Engine

from geo.publishing.columns import tile_columns
from geo.publishing.files import fixed_dates, read_rows, write_files, write_geojson
from geo.publishing.manifest import LayerProducts, build_manifest
from geo.publishing.publication import Publication
from geo.publishing.style import build_style
from geo.publishing.tiles import WHOLE_MAP, build_tiles
from geo.publishing.unplaced import label_anchors, unplaced_places
from geo.publishing.verifying.files import verify_files
from geo.publishing.verifying.tiles import verify_archive, verify_whole_map
from geo.store.blame import Building
from geo.store.database import run, session
from schemas.models import Layer

Json = dict[str, Any]
Progress = Callable[[str], None]

_DIGITS_IN_NAMES: Final = 8


def build_release(
    engine: Engine, publication: Publication, folder: Path, progress: Progress
) -> Json:
    """Fills `folder` (made here) with a release; returns its manifest, still unwritten.

    Raises ReleaseUnverified if something does not read back as it was written, LayerUnbuilt if it
    is the layer that is named, or if something that nobody foresaw fails for it.
    """
    (folder / "tiles").mkdir(parents=True)
    (folder / "data").mkdir()
    with session(engine) as connection:
        with connection.begin():
            run(connection, "publish_tables")
        with connection.begin():
            run(connection, "publish_snapshot")
            return _build(connection, publication, folder, progress)


def _build(
    connection: Connection, publication: Publication, folder: Path, progress: Progress
) -> Json:
    layers = publication.view.layers
    rows, geojson = {}, {}
    for layer in layers:
        with Building(layer.id):
            rows[layer.id] = read_rows(connection, layer, publication.number)
            path = folder / "data" / f"{layer.id}.geojson"
            geojson[layer.id] = write_geojson(connection, layer, publication.number, path)
    with fixed_dates(), ThreadPoolExecutor() as pool:
        # While the database cuts tiles, the files are written and read again.
        files = {
            layer.id: pool.submit(_build_files, rows[layer.id], layer, geojson[layer.id])
            for layer in layers
        }
        _gather(connection, publication)
        archives = build_tiles(connection, publication, folder / "tiles", progress)
        archives = {name: _named_by_content(path) for name, path in archives.items()}
        progress("verify")
        whole = pool.submit(
            verify_whole_map, archives[WHOLE_MAP], [archives[layer.id] for layer in layers]
        )
        losses = {
            layer.id: pool.submit(_verify_archive, rows[layer.id], layer, archives[layer.id])
            for layer in layers
        }
        products = {
            layer.id: LayerProducts(
                rows[layer.id],
                {"pmtiles": archives[layer.id], **files[layer.id].result()},
                losses[layer.id].result(),
            )
            for layer in layers
        }
        whole.result()
    whole_map = {
        "pmtiles": archives[WHOLE_MAP],
        "style": _write_style(publication, archives[WHOLE_MAP], folder),
        "unplaced": _write_json(folder / "unplaced.json", unplaced_places(connection)),
        "labels": _write_json(folder / "labels.geojson", label_anchors(connection, layers)),
    }
    return build_manifest(connection, publication, products, whole_map, folder)


def _build_files(rows: pa.Table, layer: Layer, geojson: Path) -> dict[str, Path]:
    with Building(layer.id):
        paths = {"geojson": geojson, **write_files(rows, layer, geojson.parent)}
        verify_files(rows, layer, paths)
        return paths


def _verify_archive(rows: pa.Table, layer: Layer, archive: Path) -> dict[int, int]:
    with Building(layer.id):
        return verify_archive(rows, layer, archive)


def _gather(connection: Connection, publication: Publication) -> None:
    for layer in publication.view.layers:
        with Building(layer.id):
            run(
                connection,
                "publish_gather",
                layer=layer.id,
                target=publication.number,
                columns=list(tile_columns(layer)),
            )
    run(connection, "publish_analyze")


def _named_by_content(path: Path) -> Path:
    """Renames a file so that its name never stands for other bytes: caches may keep it for ever."""
    with path.open("rb") as file:
        digits = hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS_IN_NAMES]
    return path.rename(path.with_stem(f"{path.stem}-{digits}"))


def _write_style(publication: Publication, archive: Path, folder: Path) -> Path:
    style = build_style(
        publication.view.map.title,
        publication.view.layers,
        publication.view.area.extent,
        tiles_path=archive.relative_to(folder).as_posix(),
        labels_path="labels.geojson",
    )
    return _write_json(folder / "style.json", style, indent=1)


def _write_json(path: Path, content: Json, indent: int | None = None) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent), "utf-8")
    return path
