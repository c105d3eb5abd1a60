"""What all declarations share: immutable, unknown keys refused, texts in two languages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""One word everywhere: file name, table, tile layer, run name, API collection."""


class Declaration(BaseModel):
    """Base of every declared thing: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Declaration):
    """One text in Thai and in English."""

    th: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Severity(StrEnum):
    """error quarantines the row; warning and note travel with it."""

    error = "error"
    warning = "warning"
    note = "note"
