"""`python -m samples FOLDER`: write the drops of the sample city."""

from __future__ import annotations

import argparse
from pathlib import Path

from samples import PLACES, SEED, generate


def main() -> None:
    """Generate, and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m samples", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the drops are written")
    parser.add_argument("--places", type=int, default=PLACES, help=f"about how many ({PLACES})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of all that is random ({SEED})")
    said = parser.parse_args()
    truth = generate(said.folder, places=said.places, seed=said.seed)
    for source, counts in truth.summary()["sources"].items():
        print(f"{source:28}", ", ".join(f"{count} {fate}" for fate, count in counts.items()))


if __name__ == "__main__":
    main()
