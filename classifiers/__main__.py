"""``python -m classifiers score | evaluate | corpus | train``: the classifiers by hand."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifiers.encoder import Encoder
    from classifiers.evaluation.leave_out import ScorersMaker


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit status."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    chosen = _parser().parse_args(arguments)
    if chosen.command == "score":
        return _score(chosen.source, chosen.target)
    if chosen.command == "evaluate":
        return _evaluate(chosen)
    if chosen.command == "corpus":
        return _corpus()
    return _train(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classifiers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="score JSON lines, one text a line")
    score.add_argument("source", type=Path)
    score.add_argument("target", type=Path)
    evaluate = commands.add_parser("evaluate", help="print the table of the model card")
    evaluate.add_argument("--model", type=Path, help="another model folder than the shipped one")
    evaluate.add_argument("--public-data", type=Path)
    evaluate.add_argument(
        "--trial",
        type=Path,
        help="folder of replay files with an author's levels, for the workload",
    )
    evaluate.add_argument("--rounds", type=int, default=200, help="bootstrap rounds")
    evaluate.add_argument(
        "--part", action="append", default=[], help="one section alone; may be repeated"
    )
    evaluate.add_argument(
        "--leave-one-source-out",
        choices=("linear", "short"),
        help="that section alone, by linear models or by a dozen short trainings (half an hour)",
    )
    evaluate.add_argument(
        "--source", action="append", default=[], help="leave out this source alone; repeatable"
    )
    commands.add_parser("corpus", help="count what the training corpus holds")
    train = commands.add_parser("train", help="rebuild the model (requirements-train.txt)")
    train.add_argument("--folder", type=Path, default=Path("var/model"))
    train.add_argument("--public-data", type=Path)
    train.add_argument("--kept", type=Path, help="keep each pass here, and go on from the last")
    return parser


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


def _evaluate(chosen: argparse.Namespace) -> int:
    try:
        from classifiers.evaluation.report import LEAVE_ONE_OUT, SECTIONS, Setting, report_lines
    except ImportError as missing:
        sys.stderr.write(f"{missing.name} is missing: install requirements-train.txt\n")
        return 2
    from classifiers.encoder import MODELS
    from classifiers.model import TransformerClassifier

    parts = {*chosen.part, *([LEAVE_ONE_OUT] if chosen.leave_one_source_out else [])}
    if unknown := parts - set(SECTIONS):
        sys.stderr.write(f"no part {', '.join(unknown)}; there are {', '.join(SECTIONS)}\n")
        return 2
    setting = Setting(
        TransformerClassifier(chosen.model or MODELS),
        chosen.public_data,
        _base_encoder() if not parts or parts & {"ranking", LEAVE_ONE_OUT} else None,
        chosen.rounds,
        frozenset(parts),
        _short_models() if chosen.leave_one_source_out == "short" else None,
        chosen.trial,
        frozenset(chosen.source),
    )
    for line in report_lines(setting):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0


def _corpus() -> int:
    from classifiers.training.counts import count_lines

    for line in count_lines():
        sys.stdout.write(line + "\n")
    return 0


def _base_encoder() -> "Encoder | None":
    """The encoder before fine-tuning, exported for the run; None where torch is not installed."""
    from classifiers.encoder import Encoder

    try:
        from classifiers.training.export import base_encoder, export_encoder
    except ImportError:
        sys.stderr.write("no torch: the frozen-embedding baseline is left out\n")
        return None
    with tempfile.TemporaryDirectory() as scratch:
        export_encoder(base_encoder(), Path(scratch))
        return Encoder(Path(scratch))


def _short_models() -> "ScorersMaker | None":
    """The short recipe, its untrained layers read once for all models; None without torch."""
    try:
        from classifiers.training.short_recipe import LowerLayers, ShortModel, ShortSchedule
    except ImportError:
        sys.stderr.write("no torch: the short recipe is left out\n")
        return None
    lower = LowerLayers(ShortSchedule())
    return lambda training: [ShortModel(lower, training)]


def _train(chosen: argparse.Namespace) -> int:
    try:
        from classifiers.training.build import build
        from classifiers.training.finetune import Schedule
        from classifiers.training.recipe import Recipe
    except ImportError as missing:
        sys.stderr.write(f"{missing.name} is missing: install requirements-train.txt\n")
        return 2
    if chosen.kept is not None:
        chosen.kept.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(public_folder=chosen.public_data)
    version = build(chosen.folder, recipe, Schedule(), report=_say, kept=chosen.kept)
    sys.stdout.write(f"{version} in {chosen.folder}\n")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
