"""The catalogue: every declaration of a folder, read, validated and found by its id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from schemas.documents import Document, read_document
from schemas.errors import DeclarationError, Finding, UnknownMapError
from schemas.explain import explain
from schemas.models import Agency, Area, Declaration, IssueCode, Layer, OneMap, Role, Source

FOLDER = Path(__file__).parent
"""The declarations that come with One Map."""

KINDS: Mapping[str, type[Declaration]] = MappingProxyType(
    {"areas": Area, "agencies": Agency, "layers": Layer, "sources": Source, "maps": OneMap}
)
"""Folder of each kind of declaration, and its model."""

ISSUES = "issues.yaml"
"""File of the issue codes: a list, where the other files hold one declaration each."""

_BOUNDARIES = (Role.district, Role.subdistrict)

T = TypeVar("T")


@dataclass(frozen=True)
class MapView:
    """One map with all that it refers to.

    `layers` are in draw order, bottom first. `sources` are in load order: districts, then
    subdistricts, then the rest as the map lists them, for places are resolved within boundaries.
    """

    map: OneMap
    area: Area
    layers: tuple[Layer, ...]
    sources: tuple[Source, ...]
    agencies: Mapping[str, Agency]

    def layer(self, layer_id: str) -> Layer:
        """The layer of that id; `KeyError` if the map has none."""
        return {layer.id: layer for layer in self.layers}[layer_id]

    def source(self, source_id: str) -> Source:
        """The source of that id."""
        return next(source for source in self.sources if source.id == source_id)


@dataclass(frozen=True)
class Catalogue:
    """Declarations by id. `documents` holds the files they came from, by (kind, file stem)."""

    folder: Path
    areas: Mapping[str, Area]
    agencies: Mapping[str, Agency]
    layers: Mapping[str, Layer]
    sources: Mapping[str, Source]
    maps: Mapping[str, OneMap]
    issue_codes: Mapping[str, IssueCode]
    documents: Mapping[tuple[str, str], Document] = field(repr=False)

    def map_view(self, map_id: str) -> MapView:
        """The map and all that it refers to.

        Raises `UnknownMapError` naming the maps there are, and `DeclarationError` where the map
        or one of its sources refers to something that is not declared.
        """
        if map_id not in self.maps:
            raise UnknownMapError(map_id, sorted(self.maps))
        one_map = self.maps[map_id]
        sources = self._referred("maps", map_id, "sources", one_map.sources, self.sources)
        layers = self._referred("maps", map_id, "layers", one_map.layers, self.layers)
        roles: dict[str, Role] = {}
        agencies: dict[str, Agency] = {}
        for source in sources:
            (layer,) = self._referred("sources", source.id, "layer", [source.layer], self.layers)
            (agency,) = self._referred(
                "sources", source.id, "agency", [source.agency], self.agencies
            )
            roles[source.id], agencies[agency.id] = layer.role, agency
        return MapView(
            map=one_map,
            area=self._referred("maps", map_id, "area", [one_map.area], self.areas)[0],
            layers=tuple(sorted(layers, key=lambda layer: layer.style.order)),
            sources=tuple(sorted(sources, key=lambda source: _load_order(roles[source.id]))),
            agencies=MappingProxyType(agencies),
        )

    def _referred(
        self, kind: str, owner: str, key: str, ids: Iterable[str], known: Mapping[str, T]
    ) -> list[T]:
        """What the key of a declaration names; an error at the key if it is not declared."""
        for id_ in ids:
            if id_ not in known:
                message = f"`{key}` names `{id_}`, which is not declared"
                raise DeclarationError([self.documents[kind, owner].finding((key,), message)])
        return [known[id_] for id_ in ids]


def _load_order(role: Role) -> int:
    return _BOUNDARIES.index(role) if role in _BOUNDARIES else len(_BOUNDARIES)


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Read every declaration below `folder` (default: those that come with One Map).

    Raises `DeclarationError` with every finding of every file.
    """
    catalogue, findings = read_declarations(folder)
    if findings:
        raise DeclarationError(findings)
    return catalogue


def read_declarations(folder: Path | None = None) -> tuple[Catalogue, list[Finding]]:
    """What can be read of the folder's declarations, and what is wrong with the rest."""
    folder = folder or FOLDER
    if not folder.is_dir():
        raise DeclarationError([Finding(folder, 0, "there is no such folder of declarations")])
    reader = _Reader(folder)
    found: dict[str, Mapping[str, Any]] = {
        kind: MappingProxyType(reader.declarations(kind, model)) for kind, model in KINDS.items()
    }
    catalogue = Catalogue(
        folder=folder,
        issue_codes=MappingProxyType(reader.issue_codes()),
        documents=MappingProxyType(reader.documents),
        **found,
    )
    return catalogue, sorted(reader.findings)


class _Reader:
    """Reads one folder, keeping its documents and gathering what is wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.documents: dict[tuple[str, str], Document] = {}
        self.findings: list[Finding] = []

    def declarations(self, kind: str, model: type[Declaration]) -> dict[str, Any]:
        """Declarations of one kind, by id: one file each, named by the id."""
        for path in sorted((self.folder / kind).glob("*.yml")):
            self.findings.append(Finding(path, 0, "declarations end in .yaml; rename the file"))
        read = {
            path.stem: self._read(kind, path, model, model.model_validate)
            for path in sorted((self.folder / kind).glob("*.yaml"))
        }
        for stem, declared in read.items():
            if declared is not None and declared.id != stem:  # type: ignore[attr-defined]
                self._misnamed(kind, stem)
        return {stem: declared for stem, declared in read.items() if declared is not None}

    def issue_codes(self) -> dict[str, IssueCode]:
        """The issue codes, by code; none where the folder has no file of them."""
        path = self.folder / ISSUES
        if not path.exists():
            return {}
        codes = tuple[IssueCode, ...]
        read = self._read("issues", path, codes, TypeAdapter(codes).validate_python) or ()
        for i, issue in enumerate(read):
            if issue.code in (earlier.code for earlier in read[:i]):
                message = f"the code `{issue.code}` is already there"
                self.findings.append(self.documents["issues", path.stem].finding((i,), message))
        return {issue.code: issue for issue in read}

    def _read(self, kind: str, path: Path, model: Any, validate: Callable[[Any], T]) -> T | None:
        document = read_document(path)
        if isinstance(document, Finding):
            self.findings.append(document)
            return None
        self.documents[kind, path.stem] = document
        try:
            return validate(document.value)
        except ValidationError as error:
            self.findings += explain(error, document, model)
            return None

    def _misnamed(self, kind: str, stem: str) -> None:
        document = self.documents[kind, stem]
        message = f"the id is `{document.value['id']}`, but the file is named `{stem}.yaml`"
        self.findings.append(document.finding(("id",), message))
