"""Templates, and the placeholders that keep a text from being sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.errors import Incomplete
from oversight.domain.policy import policy_from
from oversight.domain.templates import check_filled, fill, templates_for, unfilled
from oversight.services.policies import default_document, parse_policy

POLICY = policy_from(default_document().model_dump(mode="json"))
names = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True)
words = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("hello", ()),
        ("{one} brace, a set {1}", ()),
        ("dear {{name}}", ("name",)),
        ("{{ name }} and {{name}} at {{time}}", ("name", "time")),
        ("{{}}", ("{{}}",)),
        ("half {{name", ("{{",)),
        ("half name}}", ("}}",)),
        ("{{two\nlines}}", ("two\nlines",)),
    ],
)
def test_what_is_left_to_fill_in(text, left):
    assert unfilled(text) == left
    if left:
        with pytest.raises(Incomplete) as refused:
            check_filled(text)
        assert left[0] in refused.value.message
        assert refused.value.facts["field"] == "text"
    else:
        check_filled(text)


@given(st.lists(st.tuples(words, names), min_size=1, max_size=6), words)
def test_a_template_is_refused_until_its_last_placeholder_is_filled(parts, end):
    text = "".join(f"{word}{{{{{name}}}}}" for word, name in parts) + end
    wanted = list(dict.fromkeys(name for _, name in parts))
    assert list(unfilled(text)) == wanted
    for name in wanted:
        with pytest.raises(Incomplete, match=name):
            check_filled(text)
        text = fill(text, {name: "words"})
    check_filled(text)
    assert text == "".join(f"{word}words" for word, _ in parts) + end


def test_a_value_is_taken_as_it_was_told():
    assert fill("{{a}}{{b}}", {"a": "{{b}}", "b": "x"}) == "{{b}}x"


@pytest.mark.parametrize("language", ["en", "es", "de", "fr", "pt", "es-MX"])
def test_the_default_policy_has_every_situation_in_every_language_with_a_crisis_line(language):
    found = templates_for(POLICY, language=language, jurisdiction="GB")
    assert {one.situation for one in found} == set(POLICY.templates)
    assert {one.language for one in found} == {language[:2]}
    first = found[0]
    assert "116 123" in first.text
    assert first.placeholders == ("your_name",)


def test_a_language_without_templates_falls_back_to_english():
    assert {one.language for one in templates_for(POLICY, language="nl", jurisdiction=None)} == {
        "en"
    }


@pytest.mark.parametrize(
    ("templates", "said"),
    [
        ({"Big Name": {"en": ["x"]}}, "pattern"),
        ({"calm": {"es": ["hola"]}}, "lacks en"),
        ({"calm": {"en": []}}, "at least 1"),
        ({"calm": {"en": [" "]}}, "needs words"),
        ({"calm": {"en": ["hi {{Your Name}}"]}}, "no placeholder"),
        ({"calm": {"en": ["hi {{name"]}}, "no placeholder"),
        ({"calm": {"english": ["hi"]}}, "pattern"),
    ],
)
def test_a_policy_with_unusable_templates_is_refused_with_its_place(templates, said):
    import yaml

    document = default_document().model_dump(mode="json") | {"templates": templates}
    with pytest.raises(Incomplete, match=said) as refused:
        parse_policy(yaml.safe_dump(document))
    assert "templates" in refused.value.message
