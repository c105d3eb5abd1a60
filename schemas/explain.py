"""Errors of pydantic, told to who wrote the YAML: which line, what is wrong, what was meant."""

from __future__ import annotations

import types
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.documents import Document, Location
from schemas.errors import Finding

_IDENTIFIER = r"^[a-z][a-z0-9_]{0,47}$"


def explain(error: ValidationError, document: Document, model: Any) -> list[Finding]:
    """One finding for each error that pydantic found in the document.

    `model` is the type that the document was validated as (a model, or a tuple of one).
    """
    told: dict[Location, Finding] = {}
    for detail in error.errors(include_url=False):
        place = _place(detail, document)
        # A plain union fails once for each of its members: the first says enough.
        told.setdefault(place, document.finding(place, _message(detail, place, model)))
    return list(told.values())


def _place(detail: ErrorDetails, document: Document) -> Location:
    """Where it is in the file: without the steps through unions and keys that pydantic adds."""
    location = detail["loc"]
    if detail["type"] != "missing":
        return document.existing(location)
    return (*document.existing(location[:-1]), location[-1])


def did_you_mean(word: str, known: list[str]) -> str:
    """The nearest known word as the end of a sentence, or all of them if none is near."""
    near = get_close_matches(word, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"known are: {', '.join(known) or 'none'}"


def _message(detail: ErrorDetails, place: Location, model: Any) -> str:
    location, context = detail["loc"], detail.get("ctx", {})
    name = str(location[-1]) if location else ""
    where = f"`{'.'.join(map(str, place))}`" if place else "the file"
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key {where}; {did_you_mean(name, keys_at(model, location[:-1]))}"
        case "missing":
            return f"key {where} is missing{_purpose(model, location)}"
        case "enum" | "literal_error":
            choices = context["expected"].replace(" or ", ", ").replace("'", "")
            return f"{where} is `{detail['input']}`; it is one of: {choices}"
        case "union_tag_invalid":
            choices = context["expected_tags"].replace("'", "")
            return f"{where}: there is no rule `{context['tag']}`; the rules are: {choices}"
        case "union_tag_not_found":
            return f"{where}: key `rule` is missing"
        case "string_pattern_mismatch" if context["pattern"] == _IDENTIFIER:
            return (
                f"{where} is `{detail['input']}`; an id has lower-case letters, digits and _,"
                " and begins with a letter"
            )
        case "string_pattern_mismatch":
            return f"{where} is `{detail['input']}`; it must match {context['pattern']}"
        case "string_type" if isinstance(detail["input"], int | float):
            return f"{where} is the number {detail['input']}; quote it: '{detail['input']}'"
        case "tuple_type":
            return f"{where} is a list; write [{detail['input']}]"
        case "model_type":
            return f"{where} is not a mapping of keys to values"
        case "value_error":
            return f"{where}: {context['error']}"
        case _:
            return f"{where}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _purpose(model: Any, location: Location) -> str:
    """What the missing key is for, where the model says so."""
    for candidate in _types_at(model, location[:-1]):
        if _is_model(candidate) and location[-1] in candidate.model_fields:
            description = candidate.model_fields[str(location[-1])].description
            return f" ({description})" if description else ""
    return ""


def keys_at(model: Any, location: Location) -> list[str]:
    """Keys that a mapping at this location of the declaration may have."""
    return [
        key
        for candidate in _types_at(model, location)
        if _is_model(candidate)
        for key in candidate.model_fields
    ]


def _types_at(annotation: Any, location: Location) -> Iterator[Any]:
    """Follow the location through the type: models, tuples, dicts and (tagged) unions."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _types_at(get_args(annotation)[0], location)
    elif origin in (Union, types.UnionType):
        tagged = [kind for kind in get_args(annotation) if location and _has_tag(kind, location[0])]
        for kind in tagged or get_args(annotation):
            yield from _types_at(kind, location[1:] if tagged else location)
    elif not location:
        yield annotation
    elif origin in (tuple, dict):
        yield from _types_at(get_args(annotation)[1 if origin is dict else 0], location[1:])
    elif _is_model(annotation) and location[0] in annotation.model_fields:
        field = annotation.model_fields[str(location[0])]
        yield from _types_at(field.annotation, location[1:])


def _has_tag(kind: Any, tag: str | int) -> bool:
    """Whether this member of a union is the one that pydantic names by the tag."""
    return _is_model(kind) and any(
        get_args(field.annotation) == (tag,) for field in kind.model_fields.values()
    )


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
