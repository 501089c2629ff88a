"""``python -m classifiers score | evaluate | train``: the command line of the classifiers."""

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m classifiers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="score JSON lines")
    score.add_argument("source", type=Path)
    score.add_argument("target", type=Path)
    chosen = parser.parse_args(arguments)
    return _score(chosen.source, chosen.target)


def _score(source: Path, target: Path) -> int:
    """Exit status 0 when every row was sound, 1 when some were passed over, 2 without a file."""
    from classifiers.load import load_classifier
    from classifiers.score_lines import score_file

    if not source.is_file():
        sys.stderr.write(f"{source}: no such file\n")
        return 2
    bad_rows = score_file(source, target, load_classifier(), complaints=sys.stderr)
    if bad_rows:
        sys.stderr.write(f"{bad_rows} bad rows were passed over\n")
    return 1 if bad_rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
