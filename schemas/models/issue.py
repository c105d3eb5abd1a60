"""The kinds of issues."""

from __future__ import annotations

from typing import Literal

from schemas.models.base import Bilingual, Declaration, Identifier, Severity


class IssueCode(Declaration):
    """One kind of issue: how bad it is, who can mend it, and what it says.

    Messages may hold the placeholders {column}, {value} and {detail}.
    """

    code: Identifier
    severity: Severity
    responsible: Literal["agency", "onemap", "nobody"]
    message: Bilingual
    advice: Bilingual
