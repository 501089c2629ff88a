"""Evidence spans point at words of the text and at the words that matter."""

import pytest

from classifiers.evaluation.faithfulness import measure_faithfulness, spans_beside
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


def test_random_spans_have_as_many_words_as_the_shown_one_and_share_none() -> None:
    text = "one two three four five six seven"
    shown = (text.index("three"), text.index("five"))
    beside = [text[start:end] for start, end in spans_beside(text, (shown[0], shown[1] - 1))]
    assert beside == ["one two", "five six", "six seven"]


def test_the_shown_span_carries_the_score_and_keeps_it(classifier: TransformerClassifier) -> None:
    messages = [
        Message(str(number), text)
        for number, text in enumerate(
            (
                "The bus was late and it rained. I am going to kill myself tonight. Bye for now.",
                "I fed the cat this morning. I want to die, I have the pills here. It is cold.",
                "Dinner was pasta again today. I cut my arms last night. The shop was closed.",
            )
        )
    ]
    found = measure_faithfulness(classifier, messages, rounds=50)
    assert found.texts == 3
    assert found.shown_fall.low > found.random_fall.high
    assert found.shown_left.value < found.random_left.value
