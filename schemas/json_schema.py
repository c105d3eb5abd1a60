"""JSON Schema of the declarations, for editors: `python -m schemas.json_schema` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from schemas.models import Agency, Area, IssueCode, Layer, OneMap, Source

FOLDER = Path(__file__).parent / "json"

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DECLARED: dict[str, Any] = {
    "area": Area,
    "agency": Agency,
    "layer": Layer,
    "source": Source,
    "map": OneMap,
    "issues": tuple[IssueCode, ...],
}


def json_schemas() -> dict[str, str]:
    """File name and text of each schema."""
    return {
        f"{name}.schema.json": json.dumps(
            {"$schema": DIALECT, **TypeAdapter(declared).json_schema()},
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
        for name, declared in DECLARED.items()
    }


def write_json_schemas() -> None:
    """Write the schemas beside the declarations."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in json_schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_json_schemas()
