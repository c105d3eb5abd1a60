"""What can be wrong with declarations, as findings with a file and a line, and as exceptions.

`schemas` imports nothing of ours, so these stand beside the errors of `geo`, with the same
exit code for a wrong configuration (EX_CONFIG of sysexits.h).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong in one file. `line` counts from 1; 0 means the file as a whole."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        relative = os.path.relpath(self.path)
        shown = self.path if relative.startswith(os.pardir) else relative
        return f"{shown}:{self.line}: {self.message}" if self.line else f"{shown}: {self.message}"


class DeclarationError(Exception):
    """Declarations that cannot be used: every finding, one per line of the message."""

    exit_code: ClassVar[int] = os.EX_CONFIG

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__(self.findings)

    @property
    def path(self) -> Path:
        """File of the first finding."""
        return self.findings[0].path

    @property
    def line(self) -> int:
        """Line of the first finding."""
        return self.findings[0].line

    @property
    def message(self) -> str:
        """What is wrong in the first finding."""
        return self.findings[0].message

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))


class UnknownMapError(Exception):
    """No map of that id is declared."""

    exit_code: ClassVar[int] = os.EX_CONFIG

    def __init__(self, map_id: str, known: Sequence[str]) -> None:
        self.map_id = map_id
        self.known = tuple(known)
        super().__init__(map_id, self.known)

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return f"there is no map `{self.map_id}`; the declared maps are: {known}"
