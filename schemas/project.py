"""A city's own project: a folder of declarations upon those that come with One Map.

`ONEMAP_DECLARATIONS` names it; in it are the folders areas, agencies, layers, sources and maps.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.errors import DeclarationError, Finding

VARIABLE: Final = "ONEMAP_DECLARATIONS"


def city_project(environment: Mapping[str, str] | None = None) -> Path | None:
    """The folder that the environment names, as an absolute path; None where it names none.

    Raises DeclarationError where there is no such folder.
    """
    named = (os.environ if environment is None else environment).get(VARIABLE)
    if not named:
        return None
    folder = folder_named(named)
    if problem := folder_problem(folder):
        raise DeclarationError([Finding(folder, 0, f"{problem}; correct {VARIABLE}")])
    return folder


def folder_named(text: str) -> Path:
    """An absolute path; `~` is a home where it names one, and else a name like others."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        return Path(text).absolute()


def folder_problem(folder: Path) -> str | None:
    """Why nothing can be read in a folder; None where it can."""
    try:
        if folder.is_dir():
            os.scandir(folder).close()
            return None
        if folder.exists():
            return "this is not a folder; name one"
    except OSError as error:
        return f"the folder cannot be read ({error.strerror})"
    return "there is no such folder of declarations"
