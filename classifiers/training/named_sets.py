"""``python -m classifiers.training.named_sets FOLDER``: a finished model's other thresholds.

Works them out from the calibration scenarios and writes them into the folder's manifest; weights,
default thresholds and version stay as they are. ``train`` does the same at its end.
"""

import sys
from pathlib import Path

from classifiers.model import TransformerClassifier
from classifiers.training.build import calibration_examples, promised_sets
from classifiers.training.bundle import add_threshold_sets


def main(folder: Path) -> int:
    """Write and print the sets."""
    model = TransformerClassifier(folder)
    head = model.participant_head
    held = calibration_examples()["participant"]
    sets = promised_sets(model.encoder, head, held, model.manifest.thresholds)
    add_threshold_sets(folder, sets)
    for name, values in sets.items():
        sys.stdout.write(f"{name}: {values}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
