"""Builds and verifies all products of a release in a folder, from one snapshot of the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from geo.database import connect, run
from geo.publishing.columns import tile_columns
from geo.publishing.files import read_rows, write_files
from geo.publishing.held import held_places, label_anchors
from geo.publishing.manifest import LayerProducts, build_manifest
from geo.publishing.publication import Publication
from geo.publishing.style import build_style
from geo.publishing.tiles import WHOLE_MAP, build_tiles
from geo.publishing.verify import verify_files
from geo.publishing.verify_tiles import verify_archive, verify_whole_map

Json = dict[str, Any]
Progress = Callable[[str], None]

_DIGITS_IN_NAMES: Final = 8


def build_release(
    engine: Engine, publication: Publication, folder: Path, progress: Progress
) -> Json:
    """Fills `folder` (made here) with a release; returns the manifest that lies in it.

    Raises ReleaseUnverified if something does not read back as it was written.
    """
    (folder / "tiles").mkdir(parents=True)
    (folder / "data").mkdir()
    with connect(engine) as connection:
        with connection.begin():
            run(connection, "publish_tables")
        with connection.begin():
            run(connection, "publish_snapshot")
            manifest = _build(connection, publication, folder, progress)
    _write_json(folder / "manifest.json", manifest)
    return manifest


def _build(
    connection: Connection, publication: Publication, folder: Path, progress: Progress
) -> Json:
    _gather(connection, publication)
    progress("tiles")
    archives = build_tiles(connection, publication, folder / "tiles")
    archives = {name: _named_by_content(path) for name, path in archives.items()}
    products = {}
    for layer in publication.layers:
        progress(f"{layer.id}: files")
        rows = read_rows(connection, layer, publication.number)
        files = write_files(rows, layer, folder / "data")
        progress(f"{layer.id}: verify")
        verify_files(rows, layer, files)
        loss = verify_archive(rows, layer, archives[layer.id])
        products[layer.id] = LayerProducts(rows, {"pmtiles": archives[layer.id], **files}, loss)
    verify_whole_map(archives[WHOLE_MAP], [archives[layer.id] for layer in publication.layers])
    whole = {
        "pmtiles": archives[WHOLE_MAP],
        "style": _write_style(publication, archives[WHOLE_MAP], folder),
        "held": _write_json(folder / "held.json", held_places(connection)),
        "labels": _write_json(
            folder / "labels.geojson", label_anchors(connection, publication.layers)
        ),
    }
    return build_manifest(connection, publication, products, whole, folder)


def _gather(connection: Connection, publication: Publication) -> None:
    for layer in publication.layers:
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
        publication.one_map.title,
        publication.layers,
        publication.area.extent,
        tiles_path=archive.relative_to(folder).as_posix(),
        labels_path="labels.geojson",
    )
    return _write_json(folder / "style.json", style)


def _write_json(path: Path, content: Json) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
    return path
