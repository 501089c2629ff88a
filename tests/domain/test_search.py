"""What is typed into the search, read."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.errors import Incomplete
from oversight.domain.permissions import Role
from oversight.domain.search import Place, Term, may_search, read_place, terms


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ()),
        ("  ?! - ", ()),
        ("sleep", (Term("sleep"),)),
        ('sleep "so tired"', (Term("sleep"), Term("so tired", phrase=True))),
        ("sleep -work", (Term("sleep"), Term("work", excluded=True))),
        ('a -"b c"', (Term("a"), Term("b c", phrase=True, excluded=True))),
        ('"never closed', (Term("never closed", phrase=True),)),
        ("self-harm", (Term("self-harm"),)),
        ("a\x00b", (Term("ab"),)),
    ],
)
def test_words_phrases_and_what_is_left_out(words, found):
    assert terms(words) == found


@pytest.mark.parametrize("words", ["-only -these", "x" * 201])
def test_what_cannot_be_searched_for_says_so(words):
    with pytest.raises(Incomplete):
        terms(words)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused_in_words(words):
    with contextlib.suppress(Incomplete):
        assert all(one.text for one in terms(words))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_place_survives_an_address(at: datetime, name):
    place = Place(at, name)
    assert read_place(str(place)) == place


@pytest.mark.parametrize("text", ["", "x", "2026-01-01|x", "2026-01-01T00:00:00|" + "0" * 32])
def test_no_other_place_is_read(text):
    with pytest.raises(Incomplete):
        read_place(text)


def test_who_may_read_conversations_may_search_them():
    assert {role for role in Role if may_search(role)} == {
        Role.CLINICIAN,
        Role.SUPERVISOR,
        Role.STUDY_LEAD,
    }
