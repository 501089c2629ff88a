"""Words found in what was said and sent, by whoever may read it."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.session import now
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.search import Search, read_place
from oversight.domain.severity import Severity
from oversight.queries import search as searching
from oversight.queries.search import search
from oversight.services.indexing import make_findable, make_findable_late
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def index(clinic: Clinic) -> int:
    return make_findable(clinic.session, now=now(clinic.session), late=timedelta(days=1))


def found(clinic: Clinic, who: uuid.UUID, words: str = "", **asked: object) -> list[str]:
    """The conversations of the finds, without the table's mates of other tests."""
    finds = search(clinic.session, who, Search(words=words, **asked))  # type: ignore[arg-type]
    return [one.conversation for one in finds.finds]


def test_words_are_found_whatever_their_form_and_order(clinic: Clinic, me):
    clinic.say("a", "I could not SLEEP, again.")
    clinic.say("b", "again no sleeping pills")
    clinic.say("c", "we played chess")
    assert index(clinic) == 3
    assert found(clinic, me, "sleep again") == ["b", "a"]
    assert found(clinic, me, "chess") == ["c"]
    assert found(clinic, me, '"not sleep"') == ["a"]
    assert found(clinic, me, "sleep -pills") == ["a"]
    assert found(clinic, me, "bicycle") == []


def test_similar_words_are_found_too(clinic: Clinic, me):
    clinic.say("a", "tengo las pastillas aquí", language="es")
    index(clinic)
    assert searching.similar_known(clinic.session)
    assert found(clinic, me, "pastilas") == ["a"]
    assert found(clinic, me, "aqui") == ["a"]


def test_without_pg_trgm_whole_words_are_found_and_it_is_said(clinic: Clinic, me):
    clinic.say("a", "the medication")
    index(clinic)
    clinic.session.execute(text("RESET ROLE"))
    clinic.session.execute(text("DROP EXTENSION pg_trgm CASCADE"))
    finds = search(clinic.session, me, Search(words="medication"))
    assert [one.conversation for one in finds.finds] == ["a"]
    assert not finds.similar_words
    assert found(clinic, me, "medicatoin") == []


def test_what_was_sent_is_found_when_the_participant_may_have_seen_it(clinic: Clinic, me):
    clinic.say("c", "hello", "an umbrella helps")
    clinic.score()
    clinic.approve("c", me)
    index(clinic)
    assert found(clinic, me, "umbrella") == []
    clinic.wait(6)
    clinic.hand_out()
    finds = search(clinic.session, me, Search(words="umbrella")).finds
    assert [(one.kind, one.severity) for one in finds] == [("sent", None)]


def test_the_excerpt_marks_the_words_and_nothing_else_can(clinic: Clinic, me):
    clinic.say("c", "so \x02tired\x03 of everything")
    index(clinic)
    (find,) = search(clinic.session, me, Search(words="everything")).finds
    assert find.excerpt == "so tired of \x02everything\x03"


def test_each_filter_narrows(clinic: Clinic, me):
    clinic.say("en-1", "rain today", arm="flagged", language="en")
    clinic.score(Severity.L1)
    clinic.wait(3600)
    half = now(clinic.session)
    clinic.say("es-1", "rain hoy", language="es-MX")
    clinic.score(Severity.L2)
    index(clinic)
    for asked, expected in (
        ({}, ["es-1", "en-1"]),
        ({"participant": "p-en"}, ["en-1"]),
        ({"participant": "%"}, []),
        ({"severities": [Severity.L2, Severity.L4]}, ["es-1"]),
        ({"arms": ["flagged"]}, ["en-1"]),
        ({"arms": ["default"]}, ["es-1"]),
        ({"languages": ["es"]}, ["es-1"]),
        ({"since": half}, ["es-1"]),
        ({"until": half}, ["en-1"]),
    ):
        assert found(clinic, me, "rain", **asked) == expected, asked
        assert found(clinic, me, **asked) == expected, asked


def test_pages_hold_everything_once_also_while_more_is_said(clinic: Clinic, me):
    for number in range(7):
        clinic.say(f"c{number}", "snow")
        clinic.wait(1)
    index(clinic)
    asked, seen, after = Search(words="snow"), [], None
    for _ in range(10):
        page = search(clinic.session, me, asked, after=after, limit=3)
        seen += [one.conversation for one in page.finds]
        clinic.say(f"later-{len(seen)}", "snow")
        index(clinic)
        if page.after is None:
            break
        after = read_place(str(page.after))
    assert seen == [f"c{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("signs", ["'", "\\", "a'b & c:*", "(((", "<->", "!", "'':*A", "🙂 x", "|"])
def test_no_sign_breaks_a_search(clinic: Clinic, me, signs):
    clinic.say("c", "words")
    index(clinic)
    assert found(clinic, me, f"{signs} word") in (["c"], [])


def test_an_admin_reads_no_conversation_and_finds_none(clinic: Clinic):
    clinic.say("c", "words")
    index(clinic)
    for who in (clinic.person(Role.ADMIN), uuid.uuid4()):
        with pytest.raises(NotPermitted):
            search(clinic.session, who, Search(words="words"))
    assert found(clinic, clinic.person(Role.STUDY_LEAD), "words") == ["c"]


def test_a_search_that_takes_too_long_says_what_to_do(clinic: Clinic, me, monkeypatch):
    clinic.say("c", "words")
    index(clinic)

    def slow(*_: object) -> object:
        return text("SELECT pg_sleep(60)")

    monkeypatch.setattr(searching, "SEARCH_SECONDS", 0.05)
    monkeypatch.setattr(searching, "_statement", slow)
    with pytest.raises(Incomplete, match="too much fits"):
        search(clinic.session, me, Search(words="words"))
    monkeypatch.undo()
    assert found(clinic, me, "words") == ["c"]


def test_what_is_committed_late_is_found_late_and_nothing_is_indexed_twice(clinic: Clinic):
    clinic.say("a", "early")
    at = now(clinic.session)
    assert make_findable(clinic.session, now=at) == 1
    assert make_findable(clinic.session, now=at) == 0
    clinic.say("b", "late")
    forgotten = clinic.messages("a")[0].id
    assert make_findable(clinic.session, now=at) == 1
    clinic.session.execute(text("RESET ROLE"))
    clinic.session.execute(text("DELETE FROM search_texts WHERE id = :id"), {"id": forgotten})
    assert make_findable(clinic.session, now=at, late=timedelta(0)) == 0
    assert make_findable_late(clinic.session, now=at) == 1
