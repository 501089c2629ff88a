"""Get a classifier that is ready to score: the shipped one, a model folder, or a foreign model."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from classifiers.encoder import MODELS
from classifiers.heads import DEFAULT_THRESHOLDS, ModelFilesDamaged, file_digest, read_manifest
from classifiers.model import TransformerClassifier
from classifiers.phrases import phrase_hits
from classifiers.protocol import Classifier, Message, Turn

_WARM_UP = (
    Message("warm-up-1", "hello, how does this work?"),
    Message("warm-up-2", "It is good to meet you.", "bot", (Turn("participant", "hello"),)),
)
_MAPPINGS = (".yaml", ".yml")


class ModelNotUsable(Exception):
    """There is no classifier at the named place, or it cannot run here. Fit for an operator."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a source holds, without loading it. ``thresholds`` may be empty."""

    version: str
    digest: str
    thresholds: dict[str, float]
    languages: tuple[str, ...]
    #: Other sets to decide by: the version each makes, and its thresholds.
    named_sets: tuple[tuple[str, str, Mapping[str, float]], ...] = ()


def load_classifier(threads: int = 1, *, thresholds: str = DEFAULT_THRESHOLDS) -> Classifier:
    """The shipped classifier, warm, from files in the repository; opens no network connection.

    ``threads`` is the encoder's own; one is best where cores are shared: add workers instead.
    ``thresholds`` names the set to decide by; the model card says what each costs.

    Raises
    ------
    classifiers.heads.ModelFilesDamaged
        If the files are not those the manifest names.
    """
    return _warm(TransformerClassifier(MODELS, threads=threads, thresholds=thresholds))


def load_model(
    source: Path, *, threads: int = 1, thresholds: str = DEFAULT_THRESHOLDS
) -> Classifier:
    """The classifier of a model folder, or of a label mapping (YAML) for a foreign model, warm.

    A foreign model decides by the one threshold of its mapping, whatever ``thresholds`` says.

    Raises
    ------
    ModelNotUsable
        If there is none, its files are damaged, or what it needs is not installed.
    """
    try:
        if source.suffix in _MAPPINGS:
            return _warm(_foreign(source))
        return _warm(TransformerClassifier(source, threads=threads, thresholds=thresholds))
    except (OSError, ValueError, KeyError, ModelFilesDamaged) as error:
        raise ModelNotUsable(f"{source} cannot be used: {error}") from error


def model_facts(source: Path) -> ModelFacts:
    """Version, digest and thresholds of a source; the digest changes with any of its files."""
    from classifiers.huggingface import model_folder, read_mapping

    try:
        if source.suffix in _MAPPINGS:
            mapping = read_mapping(source)
            files = [source, *_files(model_folder(mapping, source))]
            return ModelFacts(
                mapping.version,
                _digest(files),
                {"every label": mapping.threshold},
                mapping.languages,
            )
        manifest = read_manifest(source)
        named = [source / name for name in sorted(manifest.digests)]
        return ModelFacts(
            manifest.version,
            _digest([source / "manifest.json", *named]),
            dict(manifest.thresholds),
            manifest.languages,
            tuple(
                (name, manifest.with_thresholds(name).version, values)
                for name, values in manifest.threshold_sets.items()
            ),
        )
    except (OSError, ValueError, KeyError, TypeError, ModelFilesDamaged) as error:
        raise ModelNotUsable(f"{source} cannot be used: {error}") from error


def _foreign(mapping_file: Path) -> Classifier:
    from classifiers.huggingface import WithReplies, load_huggingface, read_mapping

    try:
        foreign = load_huggingface(mapping_file)
        shipped = read_mapping(mapping_file).replies is not None
        return WithReplies(foreign, load_classifier()) if shipped else foreign
    except ImportError as missing:
        raise ModelNotUsable(
            f"{mapping_file} names a model for torch, which is not installed here:"
            " pip install -r requirements-huggingface.txt"
        ) from missing


def _warm(classifier: Classifier) -> Classifier:
    phrase_hits("warm-up")
    classifier.assess(_WARM_UP)
    return classifier


def _files(folder: Path | None) -> list[Path]:
    """The files of a model folder; none for an id, whose files are its cache's."""
    if folder is None:
        return []
    return sorted(one for one in folder.rglob("*") if one.is_file())


def _digest(files: list[Path]) -> str:
    together = hashlib.sha256()
    for one in files:
        together.update(f"{one.name} {file_digest(one)}\n".encode())
    return together.hexdigest()
