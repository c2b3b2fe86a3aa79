"""The command that builds a detector: `python -m src.build_detector --output=FOLDER CORPUS ...`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from src.build_detector.build import Recipe, build
from src.utils.config import DETECTORS
from src.utils.errors import AudiosError


def main(words: Sequence[str] | None = None) -> int:
    """Build a detector as a command line asks, and return its exit code.

    Parameters
    ----------
    words : sequence of str, optional
        Of the command line (default: those of the program).
    """
    parser = argparse.ArgumentParser(prog="python -m src.build_detector", description=build.__doc__)
    parser.add_argument("corpora", nargs="+", type=Path, help="folders with a metadata.csv")
    parser.add_argument(
        "--output", type=Path, default=DETECTORS / "acoustic", help="the detector's folder"
    )
    parser.add_argument("--version", default="1.0", help="of the detector (default: 1.0)")
    parser.add_argument(
        "--made",
        type=date.fromisoformat,
        default=date.today(),
        help="the date that it tells (default: today); the same date gives the same bytes",
    )
    given = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        about = build(Recipe(given.output, given.corpora, given.version, given.made.isoformat()))
    except AudiosError as error:
        print(f"build_detector: {error}", file=sys.stderr)
        return error.exit_code
    held = about["held_out"]
    low, high = held["ci95"]
    print(f"{given.output}: {about['classifier']}, EER {held['eer']:.1%} ({low:.1%} to {high:.1%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
