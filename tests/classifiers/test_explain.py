"""Evidence spans point at words of the text and at the words that matter."""

import pytest

from classifiers.explain import explain, stretches
from classifiers.load import load_classifier
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message


@pytest.fixture(scope="module")
def classifier() -> TransformerClassifier:
    loaded = load_classifier()
    assert isinstance(loaded, TransformerClassifier)
    return loaded


@pytest.mark.parametrize(
    ("before", "plan", "after"),
    [
        (
            "The bus was late and it rained all day. ",
            "I am going to kill myself tonight.",
            " Bye for now.",
        ),
        (
            "I watered the plants this morning. ",
            "I want to kill myself tonight.",
            " The shop was closed again.",
        ),
        ("The bus was late today. ", "I want to kill myself.", " Dinner was pasta."),
    ],
)
def test_the_plan_is_named_and_not_the_weather(
    classifier: TransformerClassifier, before: str, plan: str, after: str
) -> None:
    spans = explain(classifier, Message("m", before + plan + after))
    assert spans
    for span in spans:
        assert len(before) <= span.start < span.end <= len(before + plan)


@pytest.mark.parametrize("text", ["", "hi", "one two three four five", "a. b. c. d." * 50])
def test_spans_lie_within_the_text(classifier: TransformerClassifier, text: str) -> None:
    for span in explain(classifier, Message("m", text)) if text else ():
        assert 0 <= span.start < span.end <= len(text)


def test_stretches_cover_every_word_once() -> None:
    text = "some words, and more. then a second sentence here!\nand a third line"
    spans = stretches(text)
    assert "".join(text[start:end] for start, end in spans).replace(" ", "").replace("\n", "") == (
        text.replace(" ", "").replace("\n", "")
    )
