"""The filtered list: what it shows, what it counts, and to whom an item goes by its language."""

import itertools
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.session import now
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.policy import Mode
from oversight.domain.routing import GoesTo, goes_to, may_read
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.queue import choices, filtered_queue
from oversight.queries.queue_filter import QueueFilter, Show, read_filter
from oversight.services import claiming, escalating
from oversight.services.snoozing import snooze
from tests.services.clinic import Clinic

filters = st.builds(
    QueueFilter,
    arms=st.lists(st.text("abc é&=?#", min_size=1), unique=True, max_size=3).map(
        lambda all_: tuple(sorted(all_))
    ),
    languages=st.lists(st.sampled_from(["de", "en", "es"]), unique=True).map(
        lambda all_: tuple(sorted(all_))
    ),
    severities=st.sets(st.sampled_from(Severity)).map(
        lambda chosen: tuple(one for one in Severity if one in chosen)
    ),
    show=st.sets(st.sampled_from(Show)).map(
        lambda chosen: tuple(one for one in Show if one in chosen)
    ),
)


@given(filters)
def test_a_filter_survives_an_address(chosen: QueueFilter):
    assert read_filter(chosen.to_query()) == chosen
    assert read_filter("?" + chosen.to_query() + "&item=1") == chosen
    assert chosen.everything == (chosen.to_query() == "")


def test_the_same_choice_is_the_same_address_whatever_its_order():
    one = read_filter({"severity": ["L4", "L3", "L4"], "show": "mine"})
    assert one == read_filter("show=mine&severity=L3&severity=L4")
    assert one.to_query() == "severity=L3&severity=L4&show=mine"


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("severity=L9", "severity", "L0, L1, L2, L3, L4, LU"),
        ("severity=", "severity", "not known"),
        ("show=everything", "show", "mine, held, audit, snoozed"),
        ("language=Klingon", "language", "like en or es"),
        ("arm=", "arm", "no arm's name"),
        ("&".join(f"arm={number}" for number in range(21)), "arm", "at most 20"),
    ],
)
def test_what_is_not_known_is_refused_in_words(query, field, said):
    with pytest.raises(Incomplete, match=said) as refused:
        read_filter(query)
    assert refused.value.facts["field"] == field


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.PRIMARY)


@pytest.fixture
def busy(clinic: Clinic, me: uuid.UUID) -> Clinic:
    """Six open items: mine, set aside, escalated, an audit, one without a draft, one in Spanish."""
    clinic.arm("audited", mode=Mode.HOLD_FLAGGED, automatic_release=True, sampling_share=1.0)
    clinic.say("audit", "slept well", "good", arm="audited")
    clinic.say("mine", "words", "hi")
    clinic.say("aside", "words", "hi")
    clinic.say("spanish", "hola", "hola", language="es-MX")
    clinic.say("silent", "words")
    clinic.score(Severity.L1)
    clinic.say("grave", "words", "hi", arm="flagged")
    clinic.score(Severity.L3)
    item = clinic.claim("aside", me)
    snooze(clinic.session, item.id, me, version=item.version, reason="later")
    clinic.claim("mine", me)
    return clinic


def names(clinic: Clinic, who: uuid.UUID, query: str) -> list[str]:
    """The conversations of the lines; the counts must say the same."""
    found = filtered_queue(clinic.session, who, read_filter(query))
    assert found.counts.total == len(found.lines)
    assert found.counts.overdue == sum(one.deadline_at < found.at for one in found.lines)
    for severity, count in found.counts.by_severity.items():
        assert count == sum(one.severity is severity for one in found.lines)
    return sorted(one.participant.removeprefix("p-") for one in found.lines)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["aside", "audit", "grave", "mine", "silent", "spanish"]),
        ("show=mine", ["aside", "mine"]),
        ("show=snoozed", ["aside"]),
        ("show=mine&show=snoozed", ["aside"]),
        ("show=audit", ["audit"]),
        ("show=held", ["aside", "grave", "mine", "spanish"]),
        ("severity=L3&severity=L4", ["grave"]),
        ("language=es", ["spanish"]),
        ("arm=flagged&arm=audited", ["audit", "grave"]),
        ("arm=flagged&severity=L1", []),
    ],
)
def test_each_filter_shows_what_it_says_and_counts_it(busy: Clinic, me, query, expected):
    assert names(busy, me, query) == expected


def test_what_somebody_else_has_is_not_mine_and_a_kept_or_escalated_one_is(busy: Clinic, me):
    other = busy.person()
    assert names(busy, other, "show=mine") == []
    grave = busy.claim("grave", me)
    claiming.skip(busy.session, grave.id, me, reason="x", next_owner_id=other)
    assert names(busy, other, "show=mine") == ["grave"]
    busy.wait(121)
    assert names(busy, other, "show=mine") == []
    escalation = escalating.open_escalation_of(busy.session, grave.conversation_id)
    escalating.acknowledge(busy.session, escalation.id, other, now=now(busy.session))
    assert names(busy, other, "show=mine") == ["grave"]


def test_the_choices_count_what_each_alone_would_show(busy: Clinic, me):
    found = choices(busy.session, me)
    for arm, count in found.arms.items():
        assert count == len(names(busy, me, QueueFilter(arms=(arm,)).to_query()))
    for show, count in found.show.items():
        assert count == len(names(busy, me, f"show={show}"))
    for severity, count in found.severities.items():
        assert count == len(names(busy, me, f"severity={severity}"))
    assert found.languages == {"es": 1}
    assert found.unread_languages == {"es": 1}
    busy.person(languages=("es",), on_duty=ShiftPosition.SECONDARY)
    assert choices(busy.session, me).unread_languages == {}


def test_a_line_says_who_has_it_and_when_it_comes_back(busy: Clinic, me):
    found = filtered_queue(busy.session, me, read_filter("show=snoozed")).lines[0]
    assert found.set_aside_by is not None
    assert found.set_aside_by.startswith("Person")
    assert found.back_at > now(busy.session)
    assert found.mine


def test_an_arm_that_no_study_has_is_refused_and_the_known_ones_named(busy: Clinic, me):
    with pytest.raises(Incomplete, match="audited"):
        filtered_queue(busy.session, me, QueueFilter(arms=("nope",)))


def test_whoever_left_the_team_sees_nothing(busy: Clinic):
    with pytest.raises(NotPermitted):
        filtered_queue(busy.session, uuid.uuid4(), QueueFilter())


def test_an_item_nobody_on_duty_reads_goes_to_a_supervisor():
    for severity, language in itertools.product(Severity, (None, "en", "es")):
        route = goes_to(language, severity, read_on_duty={"en"})
        grave = severity in (Severity.L3, Severity.L4)
        if language is None or grave:
            assert route is GoesTo.EVERYBODY
        else:
            assert route is (GoesTo.READERS if language == "en" else GoesTo.SUPERVISOR)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.SUPERVISOR])
@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("language", ["en", "es", None])
def test_the_list_and_the_next_item_agree_on_who_reads_what(
    clinic: Clinic, role, severity, language
):
    clinic.say("c", "words", "hi", language=language)
    clinic.score(None if severity is Severity.LU else severity)
    who = clinic.person(role)
    (line,) = filtered_queue(clinic.session, who, QueueFilter()).lines
    assert line.for_me == may_read(language, severity, languages=("en",), role=role)
    assert line.for_me == (claiming.claim_next(clinic.session, who) is not None)


def test_overdue_counts_what_is_set_aside_too(clinic: Clinic):
    lead = clinic.person(Role.SUPERVISOR)
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L1)
    clinic.wait(20 * 3600)
    item = clinic.claim("c", lead)
    later = now(clinic.session) + timedelta(hours=10)
    snooze(clinic.session, item.id, lead, version=item.version, reason="later", until=later)
    clinic.wait(5 * 3600)
    found = filtered_queue(clinic.session, lead, read_filter("show=snoozed"))
    assert found.counts.overdue == 1
