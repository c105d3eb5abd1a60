"""Which One Map this is: `onemap --version`, and the first line of `onemap doctor`."""

from __future__ import annotations

import platform
from importlib.metadata import version


def version_line() -> str:
    """The version of One Map and that of the Python that runs it."""
    return f"One Map {version('city-onemap')}, Python {platform.python_version()}"
