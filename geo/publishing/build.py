"""Builds and verifies all products of a release in a folder, from one snapshot of the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Engine

from geo.publishing.columns import tile_columns
from geo.publishing.content import Content, content_of, whole_map_content
from geo.publishing.facts import Facts
from geo.publishing.files import fixed_dates, read_rows, write_files, write_geojson
from geo.publishing.manifest import LayerProducts, build_manifest, describe_file, describe_layer
from geo.publishing.named import describe
from geo.publishing.previous import Previous
from geo.publishing.publication import Publication
from geo.publishing.style import build_style
from geo.publishing.tiles import build_archive, join_archives
from geo.publishing.unplaced import gather_places, label_anchors, unplaced_places
from geo.publishing.verifying.files import verify_files
from geo.publishing.verifying.tiles import verify_archive, verify_whole_map
from geo.store.blame import Building
from geo.store.database import run, session
from schemas.models import Layer

Json = dict[str, Any]
Progress = Callable[[str], None]

_DIGITS_IN_NAMES: Final = 8


def build_release(
    engine: Engine,
    publication: Publication,
    previous: Previous | None,
    folder: Path,
    progress: Progress,
) -> Json:
    """Fills `folder` (made here) with a release; returns its manifest, still unwritten.

    What of the release before stays as it is, is shared with it (previous.py).

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
            return _Build(connection, publication, previous, folder, progress).release()


@dataclass(frozen=True)
class _Build:
    """A release in the making, from one snapshot of the database."""

    connection: Connection
    publication: Publication
    previous: Previous | None
    folder: Path
    progress: Progress

    def release(self) -> Json:
        """Builds everything, and returns the manifest."""
        declared = self.publication.view.layers
        contents = {layer.id: self._content(layer) for layer in declared}
        layers = self._shared(contents)
        layers |= self._built(contents, [layer for layer in declared if layer.id not in layers])
        files = self._whole_map(contents, layers)
        return build_manifest(self.connection, self.publication, layers, contents, files)

    def _content(self, layer: Layer) -> Content:
        with Building(layer.id):
            return content_of(self.connection, self.publication, layer)

    def _shared(self, contents: Mapping[str, Content]) -> dict[str, Json]:
        """The layers that are those of the release before."""
        if self.previous is None:
            return {}
        found = {
            name: self.previous.shared_layer(name, content, self.folder)
            for name, content in contents.items()
        }
        return {name: entry for name, entry in found.items() if entry}

    def _built(self, contents: Mapping[str, Content], layers: Sequence[Layer]) -> dict[str, Json]:
        """The other layers."""
        rows, geojson = {}, {}
        for layer in layers:
            with Building(layer.id):
                rows[layer.id] = read_rows(self.connection, layer, self.publication.number)
                path = self.folder / "data" / f"{layer.id}.geojson"
                geojson[layer.id] = write_geojson(
                    self.connection, layer, self.publication.number, path
                )
        with fixed_dates(), ThreadPoolExecutor() as pool:
            # While the database cuts tiles, the files are written and read again.
            files = {
                layer.id: pool.submit(_build_files, rows[layer.id], layer, geojson[layer.id])
                for layer in layers
            }
            archives = self._archives(layers)
            self.progress("verify")
            losses = {
                layer.id: pool.submit(_verify_archive, rows[layer.id], layer, archives[layer.id])
                for layer in layers
            }
            entries = {}
            for layer in layers:
                facts = _facts(rows[layer.id], layer, contents[layer.id])
                made = {"pmtiles": archives[layer.id], **files[layer.id].result()}
                products = LayerProducts(facts, made, losses[layer.id].result())
                entries[layer.id] = describe_layer(layer, contents[layer.id], products, self.folder)
        return entries

    def _archives(self, layers: Sequence[Layer]) -> dict[str, Path]:
        for layer in layers:
            with Building(layer.id):
                run(
                    self.connection,
                    "publish_gather",
                    layer=layer.id,
                    target=self.publication.number,
                    columns=list(tile_columns(layer)),
                )
        run(self.connection, "publish_analyze")
        archives = {}
        for layer in layers:
            self.progress(f"tiles of {layer.id}")
            with Building(layer.id):
                made = build_archive(
                    self.connection, self.publication, layer, self.folder / "tiles"
                )
                archives[layer.id] = _named_by_content(made)
        return archives

    def _whole_map(
        self, contents: Mapping[str, Content], layers: Mapping[str, Json]
    ) -> dict[str, Json]:
        """The products that all layers have together."""
        content = whole_map_content(self.publication, contents)
        archive = self._shared_archive(content) or self._joined_archive(content, layers)
        gather_places(self.connection, self.publication)
        made = {
            "style": _write_style(self.publication, archive["path"], self.folder),
            "unplaced": _write_json(
                self.folder / "unplaced.json", unplaced_places(self.connection)
            ),
            "labels": _write_json(
                self.folder / "labels.geojson",
                label_anchors(self.connection, self.publication.view.layers),
            ),
        }
        described = {name: describe_file(path, self.folder) for name, path in made.items()}
        return {"pmtiles": archive, **described}

    def _shared_archive(self, content: str) -> Json | None:
        """The whole map's archive of the release before, if all layers are the same there."""
        if self.previous is None:
            return None
        entry: Json = self.previous.manifest["files"]["pmtiles"]
        same = entry.get("content") == content
        return entry if same and self.previous.share(entry, self.folder) else None

    def _joined_archive(self, content: str, layers: Mapping[str, Json]) -> Json:
        self.progress("tiles of the whole map")
        parts = {
            name: self.folder / entry["files"]["pmtiles"]["path"] for name, entry in layers.items()
        }
        path = join_archives(self.publication, parts, self.folder / "tiles")
        path = _named_by_content(path)
        verify_whole_map(path, [parts[layer.id] for layer in self.publication.view.layers])
        return describe_file(path, self.folder) | {"content": content}


def _facts(rows: pa.Table, layer: Layer, content: Content) -> Facts:
    with Building(layer.id):
        facts = Facts()
        for batch in rows.to_batches():
            facts.add(batch)
        facts.require(layer, content)
        return facts


def _build_files(rows: pa.Table, layer: Layer, geojson: Path) -> dict[str, Path]:
    with Building(layer.id):
        paths = {"geojson": geojson, **write_files(rows, layer, geojson.parent)}
        verify_files(rows, layer, paths)
        return paths


def _verify_archive(rows: pa.Table, layer: Layer, archive: Path) -> dict[int, int]:
    with Building(layer.id):
        return verify_archive(rows, layer, archive)


def _named_by_content(path: Path) -> Path:
    """Renames a file so that its name never stands for other bytes: caches may keep it for ever."""
    digits = describe(path, path.parent).sha256[:_DIGITS_IN_NAMES]
    return path.rename(path.with_stem(f"{path.stem}-{digits}"))


def _write_style(publication: Publication, tiles_path: str, folder: Path) -> Path:
    style = build_style(
        publication.view.map.title,
        publication.view.layers,
        publication.view.area.extent,
        tiles_path=tiles_path,
        labels_path="labels.geojson",
    )
    return _write_json(folder / "style.json", style, indent=1)


def _write_json(path: Path, content: Json, indent: int | None = None) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent), "utf-8")
    return path
