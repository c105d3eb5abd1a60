"""The embedded sample: a small copy of Bangkok, delivered as agencies deliver.

Everything in it is made up but the districts' and subdistricts' codes, names, areas and numbers of
people. `generate` writes the drops; what it planted in them it writes down (`samples.truth`).
"""

from __future__ import annotations

import functools
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samples.truth import Truth

PLACES, SEED = 3000, 2569


def generate(folder: Path, *, places: int = PLACES, seed: int = SEED) -> Truth:
    """Write all drops into `folder`, and the truth into `folder/truth`; returns the truth.

    The same arguments give the same bytes. `places` is about the number of places in all
    registers; below 2,000 it is taken for 2,000, so that each mess finds its rows.
    """
    from samples.generator import write_drops

    return write_drops(folder, places, seed)


def ensure_drops(folder: Path, *, places: int = PLACES, seed: int = SEED) -> Path:
    """The drops in `folder`, made anew unless they are there as these arguments would make them."""
    from samples.kept import keep_drops

    return keep_drops(folder, places, seed)


@functools.cache
def own_hashes(*, places: int = PLACES) -> frozenset[str]:
    """The sha256 of each file of the drops, taken from files made anew for this question.

    So a file that somebody put among the drops is not taken for one of ours, and neither is one of
    another version. It takes the seconds that the drops take.
    """
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), places=places)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        return frozenset(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
