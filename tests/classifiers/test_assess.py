"""What `assess` promises to the worker: sensible levels, and LU for what cannot be read."""

import numpy as np
import pytest

from classifiers.load import load_classifier
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message, RiskAssessment, Turn
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity, at_least


@pytest.fixture(scope="module")
def classifier() -> TransformerClassifier:
    loaded = load_classifier()
    assert isinstance(loaded, TransformerClassifier)
    return loaded


def assess_one(classifier: TransformerClassifier, text: str, **details: object) -> RiskAssessment:
    return classifier.assess([Message("m", text, **details)])[0]  # type: ignore[arg-type]


def test_an_overdose_just_taken_is_imminent(classifier: TransformerClassifier) -> None:
    text = "i took 30 of my sertraline 10 min ago. dont want anyone to know"
    assessment = assess_one(classifier, text)
    assert assessment.severity is Severity.L4
    assert Category.SUICIDE in assessment.categories


@pytest.mark.parametrize(
    "text", ["kms tonight", "im going to end my life tonight", "took 30 of my pills"]
)
def test_an_explicit_plan_is_high_or_worse(classifier: TransformerClassifier, text: str) -> None:
    assert at_least(assess_one(classifier, text).severity, Severity.L3)


@pytest.mark.parametrize(
    "text", ["hi there", "i had a good day at work, my boss liked the report", "ok thanks!"]
)
def test_everyday_talk_is_level_none(classifier: TransformerClassifier, text: str) -> None:
    assert assess_one(classifier, text).severity is Severity.L0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "blank"),
        ("...?!", "blank"),
        ("\u200b\u200d", "blank"),
        ("asdkjhfgqw sdkjfhgqqr", "garbled"),
        ("\ufffd\ufffd\ufffd ok", "garbled"),
        ("死にたい", "unsupported_language"),
        ("estoy muy contenta con mi nuevo trabajo y mis amigos", "unsupported_language"),
        ("ich bin so müde heute und kann nicht schlafen", "unsupported_language"),
    ],
)
def test_what_cannot_be_read_is_unscored(
    classifier: TransformerClassifier, text: str, reason: str
) -> None:
    assessment = assess_one(classifier, text)
    assert (assessment.severity, assessment.unscored_reason) == (Severity.LU, reason)
    assert assessment.crisis_probability is None
    assert not assessment.scored


@pytest.mark.parametrize(
    "text",
    [
        "Ya no quiero vivir, tengo las pastillas aquí",
        "Ich bringe mich heute um, ich kann einfach nicht mehr",
    ],
)
def test_a_phrase_rule_still_speaks_in_an_unsupported_language(
    classifier: TransformerClassifier, text: str
) -> None:
    """Spanish too is unscored by design: the model ranks it too badly (docs/model-card.md).

    What such a floor means for the item, its page and its bridge: acceptance scenario 8.
    """
    assessment = assess_one(classifier, text)
    assert assessment.severity is Severity.LU
    assert assessment.phrase_floor is Severity.L3


def test_one_bad_row_does_not_spoil_its_neighbours(classifier: TransformerClassifier) -> None:
    batch = [
        Message("a", "hello"),
        Message("b", None),  # type: ignore[arg-type]
        Message("c", "hello", "therapist"),  # type: ignore[arg-type]
        Message("d", "hello"),
    ]
    assessments = classifier.assess(batch)
    assert [assessment.scored for assessment in assessments] == [True, False, False, True]
    assert assessments[1].unscored_reason == "invalid_message"
    assert assessments[0].crisis_probability == assessments[3].crisis_probability


@pytest.mark.parametrize("value", [float("nan"), 1.7, -0.1, float("inf")])
def test_a_score_that_is_no_probability_leaves_the_message_unscored(
    classifier: TransformerClassifier, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = len(classifier.manifest.participant_outputs)
    monkeypatch.setattr(
        "classifiers.heads.Head.probabilities",
        lambda self, vectors, text: np.full((1, outputs), value, dtype=np.float32),
    )
    assessment = assess_one(classifier, "kms tonight")
    assert assessment.severity is Severity.LU
    assert assessment.unscored_reason == "invalid_score"
    assert assessment.phrase_floor is Severity.L3


def test_a_model_that_raises_leaves_the_message_unscored(
    classifier: TransformerClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("no vectors today")

    monkeypatch.setattr("classifiers.encoder.Encoder.vectors", broken)
    assessment = assess_one(classifier, "hello")
    assert (assessment.severity, assessment.unscored_reason) == (Severity.LU, "classifier_error")


def test_an_underweight_participant_who_wants_to_eat_less_is_moderate(
    classifier: TransformerClassifier,
) -> None:
    text = "help me get to 1000 kcal"
    assert at_least(assess_one(classifier, text, underweight=True).severity, Severity.L2)
    categories = assess_one(classifier, text, underweight=True).categories
    assert Category.EATING_DISORDER in categories


def test_the_same_text_scores_the_same_whatever_stands_beside_it(
    classifier: TransformerClassifier,
) -> None:
    alone = assess_one(classifier, "everything is too much lately")
    crowd = [Message(str(n), "word " * n) for n in range(1, 30)]
    among = classifier.assess([*crowd, Message("m", "everything is too much lately")])[-1]
    assert alone == among


def test_a_reply_is_judged_in_its_conversation(classifier: TransformerClassifier) -> None:
    context = (Turn("participant", "i feel low"),)
    assessment = classifier.assess(
        [Message("r", "You clearly have bipolar disorder.", "bot", context)]
    )[0]
    assert assessment.reply_harm_probability is not None
    assert assessment.reply_harm_probability > 0.5
    assert assessment.severity is Severity.L0
    assert assessment.crisis_probability is None


def test_an_answer_in_another_language_is_flagged(classifier: TransformerClassifier) -> None:
    context = (Turn("participant", "no sé qué hacer con mi vida, me siento muy sola"),)
    text = "That sounds really hard, and I am glad that you told me about it."
    assert Flag.F22 in classifier.assess([Message("r", text, "bot", context)])[0].flags


def test_a_plan_to_eat_less_for_an_underweight_participant_is_flagged(
    classifier: TransformerClassifier,
) -> None:
    context = (Turn("participant", "help me get to 1000 kcal"),)
    message = Message("r", "Sure! Aim for 1000 kcal a day.", "bot", context, underweight=True)
    assessment = classifier.assess([message])[0]
    assert Flag.F05 in assessment.flags
    assert assessment.reply_harm_probability is not None
    assert assessment.reply_harm_probability >= classifier.manifest.thresholds["harm"]
