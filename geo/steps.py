"""The number of each step: raised when the step comes to mean something else for the same bytes.

A number is part of what decides (`geo.standing`), so that a mended parser reaches the bytes that it
read before. `tests/golden` fails where the golden result changed and no number did.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STEPS: Mapping[str, int] = MappingProxyType(
    {
        "snapshot": 1,
        "read": 1,
        "normalise": 1,
        "validate": 1,
        "gate": 1,
        "load": 1,
        "unify": 1,
    }
)
