"""What decides a layer's products in a release: the versions of its rows, and how they are made.

Two releases in which both are the same have the same files, so that the later one need not write
them. How: the declarations that show, the database's programs, the libraries, and the text of our
own writers, so that nobody has to remember a number.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

import sql
from geo.publishing.publication import Publication
from geo.store.database import run
from schemas.models import Layer

Json = dict[str, Any]

_LIBRARIES: Final = ("deflate", "numpy", "pmtiles", "pyarrow", "pyogrio", "shapely")
"""What writes products; each wheel carries its own GDAL, GEOS and compressors."""

_NOT_SHOWN: Final = {"rules", "gate"}
"""Parts of a layer's declaration that are in none of its products."""


@dataclass(frozen=True)
class Content:
    """A layer's content in the coming release.

    by_source, by_precision: features, as SQL counts them apart from every product.
    begun, ended: versions that begin or end with the release.
    versions, versions_before: hash of those that live in it, and in the release before it.
    making: fingerprint of how products are made of rows.
    """

    by_source: Mapping[str, int]
    by_precision: Mapping[str, int]
    begun: int
    ended: int
    versions: str
    versions_before: str
    making: str

    @property
    def noted(self) -> Json:
        """What the manifest keeps of it, for the release to come."""
        return {"versions": self.versions, "making": self.making}

    def builds_on(self, noted: Json | None) -> bool:
        """Is a release of which this was noted made in the same way, of rows that are still those
        that the database has of it? Then only what began and ended is other than there.
        """
        return noted == {"versions": self.versions_before, "making": self.making}

    def is_that_of(self, noted: Json | None) -> bool:
        """Are the products of a release of which this was noted those of the coming one?"""
        return self.builds_on(noted) and not self.begun and not self.ended


def content_of(connection: Connection, publication: Publication, layer: Layer) -> Content:
    """The layer's content in the release, from the publication's snapshot of the database."""
    found = run(connection, "publish_content", layer=layer.id, target=publication.number).all()
    by_source, by_precision = Counter[str](), Counter[str]()
    for row in found:
        by_source[row.source_id] += row.features
        by_precision[row.location_precision] += row.features
    return Content(
        by_source=by_source,
        by_precision=by_precision,
        begun=sum(row.begun for row in found),
        ended=sum(row.ended for row in found),
        versions=_hash(
            [_parts(row, row.versions) for row in found if row.features],
        ),
        versions_before=_hash(
            [_parts(row, row.versions_before) for row in found if row.features_before]
        ),
        making=_hash([_declared(publication, layer), _makers(connection, layer)]),
    )


def whole_map_content(publication: Publication, layers: Mapping[str, Content]) -> str:
    """Fingerprint of what decides the whole map's archive: its layers, and what is said of it."""
    view = publication.view
    noted = [layers[layer.id].noted for layer in view.layers]
    return _hash([noted, view.map.title.model_dump(), _around(publication, *view.layers)])


def _parts(row: Any, versions: Any) -> list[str]:
    return [row.source_id, row.location_precision, str(versions)]


def _declared(publication: Publication, layer: Layer) -> Json:
    """What is declared, of the layer and around it, and is to be seen in its products."""
    shown = layer.model_dump(mode="json", exclude=_NOT_SHOWN)
    return {"layer": shown, **_around(publication, layer)}


def _around(publication: Publication, *layers: Layer) -> Json:
    """The map's words and extent, and who delivers to the layers."""
    view = publication.view
    return {
        "extent": view.area.extent,
        "notice": view.map.notice.model_dump() if view.map.notice else None,
        "agencies": [
            view.agencies[source.agency].title.model_dump()
            for source in publication.sources_of(*layers)
        ],
    }


def _makers(connection: Connection, layer: Layer) -> Json:
    found = run(connection, "publish_makers", layer=layer.id).one()
    return {**found._asdict(), "libraries": _libraries(), "writers": _writers()}


@functools.cache
def _libraries() -> Mapping[str, str]:
    return {name: version(name) for name in _LIBRARIES}


@functools.cache
def _writers() -> str:
    """Hash of the text of this package, of what it knows of shapes, and of the database's code."""
    here = Path(__file__).parent
    files = sorted([*here.rglob("*.py"), *here.with_name("space").rglob("*.py")])
    code = [path.read_text("utf-8") for path in files]
    functions = [file.text for file in sql.functions()]
    return _hash([*code, *functions, *sql.statements("publish_")])


def _hash(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
