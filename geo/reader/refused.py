"""The one exception of the reader: a delivery that cannot be read as a whole."""

from __future__ import annotations


class Refused(Exception):
    """Raised in the child, written to its report, and turned into a `Refusal` by the parent."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
