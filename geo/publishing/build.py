"""Builds and verifies all products of a release in a folder, from one snapshot of the database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from geo.publishing.content import Content, content_of, whole_map_content
from geo.publishing.counting import Account
from geo.publishing.files import WRITERS, fixed_dates
from geo.publishing.manifest import LayerProducts, build_manifest, describe_file, describe_layer
from geo.publishing.named import describe
from geo.publishing.previous import Previous
from geo.publishing.publication import Publication
from geo.publishing.rows import Rows, fetch_rows
from geo.publishing.style import build_style
from geo.publishing.tiles import Cut, Cutter
from geo.publishing.unplaced import gather_places, label_anchors, unplaced_places
from geo.publishing.verifying.files import verify_file
from geo.publishing.verifying.roster import Roster, read_roster
from geo.publishing.verifying.tiles import (
    LayerCheck,
    verify_archive,
    verify_untouched,
    verify_whole_map,
)
from geo.store.blame import Building
from geo.store.database import run, session
from schemas.models import Layer

Json = dict[str, Any]
Progress = Callable[[str], None]

_DIGITS_IN_NAMES: Final = 8
_AT_ONCE: Final = 2
"""Files that are written or read at a time; each has a batch of rows in memory."""


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
            with Cutter(connection, publication, folder / "tiles", progress) as cutter:
                build = _Build(connection, publication, previous, folder, progress, cutter)
                return build.release()


@dataclass(frozen=True)
class _Build:
    """A release in the making, from one snapshot of the database."""

    connection: Connection
    publication: Publication
    previous: Previous | None
    folder: Path
    progress: Progress
    cutter: Cutter

    def release(self) -> Json:
        """Builds everything, and returns the manifest."""
        declared = self.publication.view.layers
        contents = {layer.id: self._content(layer) for layer in declared}
        layers = self._shared(contents)
        cuts = {name: Cut(self._archive(entry), frozenset()) for name, entry in layers.items()}
        built = [layer for layer in declared if layer.id not in layers]
        layers |= self._built(contents, built, cuts)
        in_order = {layer.id: cuts[layer.id] for layer in declared}
        files = self._whole_map(contents, layers, in_order)
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

    def _built(
        self, contents: Mapping[str, Content], layers: Sequence[Layer], cuts: dict[str, Cut]
    ) -> dict[str, Json]:
        """The other layers; their archives are added to `cuts`. While the database gives rows and
        cuts tiles, files are written and read again."""
        kept = self.folder / ".rows"
        kept.mkdir()
        rows, files, accounts = {}, {}, {}
        with fixed_dates(), ThreadPoolExecutor(_AT_ONCE) as pool:
            for layer in layers:
                rows[layer.id] = self._fetched(layer, contents[layer.id], kept)
                files[layer.id] = {
                    product: pool.submit(_build_file, rows[layer.id], product, self.folder)
                    for product in ("geojson", *WRITERS)
                }
            for layer in layers:
                before = self._archive_before(layer, contents[layer.id])
                cuts[layer.id] = cut = self._cut(layer, before)
                roster = read_roster(self.connection, self.publication, layer)
                accounts[layer.id] = pool.submit(_verify_archive, roster, layer, cut, before)
            self.progress("verify")
            entries = {}
            for layer in layers:
                described = {
                    "pmtiles": describe_file(cuts[layer.id].path, self.folder),
                    **{name: made.result() for name, made in files[layer.id].items()},
                }
                products = LayerProducts(
                    rows[layer.id].facts, described, accounts[layer.id].result()
                )
                entries[layer.id] = describe_layer(layer, contents[layer.id], products)
        shutil.rmtree(kept)
        return entries

    def _fetched(self, layer: Layer, content: Content, kept: Path) -> Rows:
        """The layer's rows, and its GeoJSON, which comes with them."""
        self.progress(f"rows of {layer.id}")
        with Building(layer.id):
            path = self.folder / "data" / f"{layer.id}.geojson"
            rows = fetch_rows(
                self.connection, layer, self.publication.number, kept / layer.id, path
            )
            rows.facts.require(layer, content)
            return rows

    def _cut(self, layer: Layer, before: Path | None) -> Cut:
        cut = self.cutter.cut(layer, before)
        return replace(cut, path=_named_by_content(cut.path))

    def _archive_before(self, layer: Layer, content: Content) -> Path | None:
        return self.previous.archive(layer.id, content) if self.previous else None

    def _archive(self, entry: Json) -> Path:
        """The archive of a layer of this release."""
        return self.folder / str(entry["files"]["pmtiles"]["path"])

    def _whole_map(
        self,
        contents: Mapping[str, Content],
        layers: Mapping[str, Json],
        cuts: Mapping[str, Cut],
    ) -> dict[str, Json]:
        """The products that all layers have together."""
        content = whole_map_content(self.publication, contents)
        archive = self._shared_archive(content) or self._joined_archive(content, cuts)
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

    def _joined_archive(self, content: str, cuts: Mapping[str, Cut]) -> Json:
        before = self._whole_archive_before()
        cut = self.cutter.join(cuts, before)
        path = _named_by_content(cut.path)
        parts = {name: part.path for name, part in cuts.items()}
        verify_whole_map(path, parts, partial(self._check, path.name), cut.fresh)
        if before is not None and cut.fresh is not None:
            verify_untouched(path, before, cut.fresh)
        return describe_file(path, self.folder) | {"content": content}

    def _whole_archive_before(self) -> Path | None:
        """The whole map's archive in the release before, if it has the same layers."""
        if self.previous is None:
            return None
        known = [entry["id"] for entry in self.previous.manifest["layers"]]
        same = known == [layer.id for layer in self.publication.view.layers]
        return self.previous.archive_of_map() if same else None

    def _check(self, file: str, name: str) -> LayerCheck:
        layer = self.publication.view.layer(name)
        self.cutter.place(layer)
        return LayerCheck(read_roster(self.connection, self.publication, layer), layer, file)


def _build_file(rows: Rows, product: str, folder: Path) -> Json:
    """Writes a file of a layer (GeoJSON is there already), and reads it again."""
    with Building(rows.layer.id):
        path = folder / "data" / f"{rows.layer.id}.{product}"
        if product in WRITERS:
            WRITERS[product](rows, path)
        verify_file(rows, product, path)
        return describe_file(path, folder)


def _verify_archive(
    roster: Roster, layer: Layer, cut: Cut, before: Path | None
) -> dict[int, Account]:
    with Building(layer.id):
        if before is not None and cut.fresh is not None:
            verify_untouched(cut.path, before, cut.fresh)
        return verify_archive(roster, layer, cut.path, cut.fresh)


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
