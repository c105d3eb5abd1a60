"""Manifests of releases that an older version made, brought to the names of today.

The files of a numbered release stay what they are, byte for byte; this is for readers of the
current one, until the next publication writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

FORMAT: Final = 2
"""The shape that the application reads: `FORMAT` of geo/publishing/manifest.py."""

BANGKOK: Final = timezone(timedelta(hours=7))


def format_of(manifest: Mapping[str, Any]) -> int:
    """Number of the manifest's shape; the first one did not say any."""
    number: int = manifest.get("format", 1)
    return number


def in_todays_names(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as format 2 says it; one that says so already is answered as it is.

    Format 1 said `held` for `at_area` (layers, sources) and for `unplaced` (files), and told the
    day of fetching as the date of the content where the agency states none.
    """
    if format_of(manifest) >= FORMAT:
        return dict(manifest)
    sources = [_source(source) for source in manifest["sources"]]
    return {
        **manifest,
        "format": FORMAT,
        "data_as_of": _newest(source["as_of"] for source in sources),
        "fetched_on": _newest(source["fetched_on"] for source in sources),
        "layers": [_renamed(layer, "held", "at_area") for layer in manifest["layers"]],
        "sources": sources,
        "files": _renamed(manifest["files"], "held", "unplaced"),
    }


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    fetched = source.get("fetched_at")
    day = datetime.fromisoformat(fetched).astimezone(BANGKOK).date() if fetched else None
    fetched_on = day.isoformat() if day else None
    return {"as_of": None} | _renamed(source, "held", "at_area") | {"fetched_on": fetched_on}


def _renamed(node: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if key == old else key: value for key, value in node.items()}


def _newest(days: Iterable[str | None]) -> str | None:
    return max(filter(None, days), default=None)
