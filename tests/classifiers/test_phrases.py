"""Plain statements are caught in five languages; what only sounds like them is left alone."""

import pytest

from classifiers.phrases import phrase_hits, rulesets
from oversight.domain.severity import Severity, worst

PLAIN = {
    Severity.L4: [
        "i took 30 of my sertraline 10 min ago",
        "just swallowed a whole bottle of sleeping pills",
        "i already overdosed",
        "me acabo de tomar todas las pastillas",
        "je viens d'avaler tous mes médicaments, j'ai pris toute la boite de comprimés",
        "ich habe gerade alle tabletten genommen",
        "tomei todos os comprimidos",
    ],
    Severity.L3: [
        "kms tonight",
        "I'm going to kill myself",
        "i want to die, i have the pills next to me",
        "tonight i will end my life",
        "this is my last message. goodbye",
        "i tried to hang myself last week",
        "the voices keep telling me to jump",
        "he said he'll kill me if i leave",
        "i am going to stab my brother",
        "ya no quiero vivir, tengo las pastillas",
        "me voy a matar esta noche",
        "hoy me mato",
        "escribí mi carta de despedida",
        "je vais me tuer ce soir",
        "je veux mourir, j'ai acheté une corde",
        "ich bringe mich heute um",
        "ich habe den abschiedsbrief geschrieben, abschiedsbrief fertig",
        "vou me matar hoje",
        "quero morrer, já tenho os comprimidos",
    ],
    Severity.L2: [
        "i've been thinking about killing myself",
        "i feel suicidal",
        "i cut myself again last night",
        "pienso en matarme",
        "me corté otra vez anoche",
        "j'ai envie de me tuer",
        "ich habe suizidgedanken",
        "tenho vontade de me matar",
    ],
    Severity.L1: [
        "i don't want to be here anymore",
        "they'd be better off without me",
        "ya no quiero vivir",
        "je ne veux plus vivre",
        "ich will nicht mehr leben",
        "não quero mais viver",
    ],
}
HARMLESS = [
    "this commute is killing me",
    "im gonna kill myself if this build fails lol",
    "i took 2 tablets of ibuprofen for my headache",
    "i took my meds today",
    "i don't want to kill myself",
    "kill the process and restart tonight",
    "my deadline is tonight",
    "me voy a matar de risa",
    "me muero de hambre, voy a cenar",
    "je meurs de faim",
    "ich sterbe vor langeweile",
    "estou morrendo de fome",
    "goodbye, talk to you tomorrow",
    "that joke killed me",
    "",
]


@pytest.mark.parametrize(
    ("text", "floor"), [(text, floor) for floor, texts in PLAIN.items() for text in texts]
)
def test_a_plain_statement_demands_its_level(text: str, floor: Severity) -> None:
    assert worst(hit.floor for hit in phrase_hits(text)) is floor


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_sounds_like_it_demands_nothing(text: str) -> None:
    assert phrase_hits(text) == ()


def test_codes_are_unique_and_name_their_language() -> None:
    codes = [
        (language, rule.hit.code)
        for language, ruleset in rulesets().items()
        for rule in ruleset.rules
    ]
    assert len({code for _, code in codes}) == len(codes)
    assert all(code.startswith(f"{language}.") for language, code in codes)
    assert set(rulesets()) == {"en", "es", "fr", "de", "pt"}


def test_hits_are_codes_and_never_text() -> None:
    hits = phrase_hits("i am going to kill myself tonight")
    assert all(hit.code.startswith("en.suicide.") for hit in hits)
    assert hits[0].floor is Severity.L3
