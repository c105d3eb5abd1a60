"""The catalogue: every declaration of some folders, read, validated and found by its id.

The first folder is One Map's own; a city's project stands upon it, and may name what is in it. What
both declare is refused: neither silently takes the other's place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from schemas.documents import Document, read_document
from schemas.errors import DeclarationError, Finding, UnknownMapError
from schemas.explain import explain
from schemas.models import Agency, Area, Declaration, IssueCode, Layer, OneMap, Role, Source
from schemas.project import city_project, folder_problem

FOLDER = Path(__file__).parent
"""The declarations that come with One Map."""

KINDS: Mapping[str, type[Declaration]] = MappingProxyType(
    {"areas": Area, "agencies": Agency, "layers": Layer, "sources": Source, "maps": OneMap}
)
"""Folder of each kind of declaration, and its model."""

ISSUES = "issues.yaml"
"""File of the issue codes: a list, where the other files hold one declaration each. It is One Map's
own: what a row's fault means is the same in every city."""

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
    """Declarations by id, those of the first of `folders` before those of the next.

    `documents` holds the files they came from, by (kind, file stem).
    """

    folders: tuple[Path, ...]
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


def with_built_in(project: Path | None) -> tuple[Path, ...]:
    """The folders of a catalogue: One Map's own, and upon it the project, if there is one."""
    if project is None or _real(project) == _real(FOLDER):
        return (FOLDER,)
    return (FOLDER, project)


def load_catalogue(*folders: Path) -> Catalogue:
    """Read every declaration below the folders, each upon those before it.

    Without any: those that come with One Map, and the city's project that the environment names.
    Raises `DeclarationError` with every finding of every file.
    """
    catalogue, findings = read_declarations(*folders)
    if findings:
        raise DeclarationError(findings)
    return catalogue


def read_declarations(*folders: Path) -> tuple[Catalogue, list[Finding]]:
    """What can be read of the folders' declarations (see `load_catalogue`), and what is wrong.

    Raises `DeclarationError` where one of them is no folder that can be read.
    """
    folders = folders or with_built_in(city_project())
    for folder in folders:
        if problem := folder_problem(folder):
            raise DeclarationError([Finding(folder, 0, problem)])
    reader = _Reader(folders)
    found: dict[str, Mapping[str, Any]] = {
        kind: MappingProxyType(reader.declarations(kind, model)) for kind, model in KINDS.items()
    }
    catalogue = Catalogue(
        folders=folders,
        issue_codes=MappingProxyType(reader.issue_codes()),
        documents=MappingProxyType(reader.documents),
        **found,
    )
    reader.findings += reader.misnamed_folders()
    return catalogue, sorted([*reader.findings, *reader.empty_folders()])


class _Reader:
    """Reads folders, keeping their documents and gathering what is wrong."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.documents: dict[tuple[str, str], Document] = {}
        self.findings: list[Finding] = []

    def declarations(self, kind: str, model: type[Declaration]) -> dict[str, Any]:
        """Declarations of one kind, by id: one file each, named by the id."""
        read = {
            path.stem: self._read(kind, path, model, model.model_validate)
            for folder in self.folders
            for path in self._files(folder, kind)
            if self._is_new(kind, path)
        }
        for stem, declared in read.items():
            if declared is not None and declared.id != stem:  # type: ignore[attr-defined]
                self._misnamed(kind, stem)
        return {stem: declared for stem, declared in read.items() if declared is not None}

    def issue_codes(self) -> dict[str, IssueCode]:
        """The issue codes of the first folder, by code; none where it has no file of them."""
        first, *others = (folder / ISSUES for folder in self.folders)
        for path in filter(Path.exists, others):
            message = "the issue codes are One Map's own; a project declares none"
            self.findings.append(Finding(path, 0, message))
        if not first.exists():
            return {}
        codes = tuple[IssueCode, ...]
        read = self._read("issues", first, codes, TypeAdapter(codes).validate_python) or ()
        for i, issue in enumerate(read):
            if issue.code in (earlier.code for earlier in read[:i]):
                message = f"the code `{issue.code}` is already there"
                self.findings.append(self.documents["issues", first.stem].finding((i,), message))
        return {issue.code: issue for issue in read}

    def misnamed_folders(self) -> Iterator[Finding]:
        """Folders of declarations under a name that is nearly that of a kind."""
        for folder in self.folders:
            for path in sorted(folder.iterdir()):
                near = get_close_matches(path.name, list(KINDS), n=1, cutoff=0.7)
                if near and path.name not in KINDS and any(path.glob("*.yaml")):
                    yield Finding(path, 0, f"this folder is not read; did you mean `{near[0]}`?")

    def empty_folders(self) -> Iterator[Finding]:
        """A folder that declares nothing is the wrong one."""
        spoken_of = [document.path for document in self.documents.values()]
        spoken_of += [finding.path for finding in self.findings]
        for folder in self.folders:
            if not any(path.is_relative_to(folder) for path in spoken_of):
                kinds = ", ".join(KINDS)
                yield Finding(folder, 0, f"no declaration is in its folders {kinds}")

    def _files(self, folder: Path, kind: str) -> list[Path]:
        """The files of one kind, by name; what is no declaration by its name is told."""
        within = folder / kind
        try:
            listed = sorted(within.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            message = f"the folder cannot be read ({error.strerror})"
            self.findings.append(Finding(within, 0, message))
            return []
        for path in listed:
            if reason := _overlooked(path):
                self.findings.append(Finding(path, 0, reason))
        return [path for path in listed if path.suffix == ".yaml" and self._lies_in(folder, path)]

    def _lies_in(self, folder: Path, path: Path) -> bool:
        """Whether a project's file is its own: what a link leads to would be told in messages."""
        if folder == FOLDER or _real(path).is_relative_to(_real(folder)):
            return True
        message = "this is a link that leads out of the project; put the file itself here"
        self.findings.append(Finding(path, 0, message))
        return False

    def _is_new(self, kind: str, path: Path) -> bool:
        """Whether no folder before this one declares the id."""
        known = self.documents.get((kind, path.stem))
        if known is None:
            return True
        message = f"`{path.stem}` is already declared in {known.path}; give yours another id"
        self.findings.append(Finding(path, 0, message))
        return False

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


def _overlooked(path: Path) -> str | None:
    """Why a file or folder beside the declarations would silently be none, though it looks like it.

    Hidden folders are nobody's declarations: volumes keep earlier versions of the files in them.
    """
    if path.suffix != ".yaml" and path.suffix.lower() in (".yml", ".yaml"):
        return "declarations end in .yaml; rename the file"
    if path.name.startswith(".") or path.is_symlink() or not path.is_dir():
        return None
    if any(path.rglob("*.y*ml")):
        return "declarations stand side by side, and not in folders below; move them up"
    return None


def _real(path: Path) -> Path:
    """Where a path leads; unlike with `Path.resolve`, links in a circle raise nothing."""
    return Path(os.path.realpath(path))
