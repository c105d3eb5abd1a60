"""What pyproject.toml cannot say: a wheel that lacks declared files is refused, and not made.

The viewer's packages come from npm (web/package-lock.json), and need not be there.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.errors import FileError


class Whole(build_py):
    """Copies the packages with all their data."""

    def run(self) -> None:
        """Raises FileError where a pattern of `package-data` matches nothing."""
        for package, patterns in self.distribution.package_data.items():
            for pattern in patterns:
                if not self.editable_mode and not any(Path(package).glob(pattern)):
                    raise FileError(f"there is no {package}/{pattern}: `make wheel` brings all")
        super().run()


setup(cmdclass={"build_py": Whole})
