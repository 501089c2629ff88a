"""Get a classifier that is ready to score."""

from classifiers.encoder import MODELS
from classifiers.model import TransformerClassifier
from classifiers.phrases import phrase_hits
from classifiers.protocol import Classifier, Message, Turn

_WARM_UP = (
    Message("warm-up-1", "hello, how does this work?"),
    Message("warm-up-2", "It is good to meet you.", "bot", (Turn("participant", "hello"),)),
)


def load_classifier(threads: int = 1) -> Classifier:
    """The shipped classifier, warm, from files in the repository; opens no network connection.

    ``threads`` is the encoder's own; one is best where cores are shared: add workers instead.

    Raises
    ------
    classifiers.heads.ModelFilesDamaged
        If the files are not those the manifest names.
    """
    classifier = TransformerClassifier(MODELS, threads=threads)
    phrase_hits("warm-up")
    classifier.assess(_WARM_UP)
    return classifier
