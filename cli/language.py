"""Thai or English: which of the two a command speaks, and the words that it has in both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What a command can speak."""

    th = "th"
    en = "en"


@dataclass(frozen=True)
class Words:
    """A text of the command line in both languages; `{name}` in it stands for a value."""

    th: str
    en: str

    def said(self, language: Language, /, **values: object) -> str:
        """The text in one language, with its values."""
        return (self.th if language is Language.th else self.en).format(**values)


def spoken(asked: Language | None) -> Language:
    """The language that was asked for, else that of the locale: Thai, or English for all others.

    The first of LC_ALL, LC_MESSAGES and LANG that says anything decides, as POSIX has it.
    """
    if asked:
        return asked
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return Language.th if locale.lower().startswith("th") else Language.en
