"""The desk: presses carried out once, for what they were meant for, by whoever is signed in."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.session import Database
from db.tables import Claim, Decision, ReviewItem, Snooze, WorkingText
from oversight.domain.errors import SignedOut
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.queries.questions import asked_about
from oversight.services.asking import answer
from oversight.services.people import create_person, person_of, sign_in, sign_out
from oversight.ui import in_hand, runtime
from oversight.ui.components import ButtonRow, DeskView
from oversight.ui.desk import Desk, Desks
from oversight.ui.desk_view import view_of
from oversight.ui.presses import LAPSED, OPEN, SEND, Press, press
from tests.services.clinic import Clinic
from tests.ui.conftest import PASSWORD


class Tab:
    """One browser tab: what it shows, and presses as its script sends them."""

    def __init__(self, session: Session, username: str) -> None:
        create_person(
            session, username=username, name=username, role=Role.CLINICIAN, password=PASSWORD
        )
        signed_in = sign_in(session, username, PASSWORD)
        assert signed_in is not None
        session.flush()
        self.session = session
        self.person, self.token = signed_in
        self.desk = Desk(uuid.uuid4().hex, self.token)
        self.view = view_of(self.desk, self.person)

    def row_of(self, name: str) -> ButtonRow | None:
        rows = (self.view.after, self.view.level, self.view.actions, self.view.more)
        return next((row for row in rows if name in offered(row)), None)

    def sends(self, name: str, about: str | None = None, **rest: object) -> DeskView:
        """A press on what this tab shows, or on something else by name."""
        row = self.row_of(name)
        if about is None:
            about = row.about if row else self.view.actions.about
        sent = Press(str(rest.pop("id", uuid.uuid4())), name, about, rest)
        person = press(self.desk, sent)
        self.view = view_of(self.desk, person)
        return self.view


def offered(row: ButtonRow) -> list[str]:
    return [one.name for one in row.buttons]


@pytest.fixture
def clinic(session: Session, standing_clinic: None) -> Clinic:
    return Clinic.standing(session)


@pytest.fixture
def tab(session: Session, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Tab]:
    monkeypatch.setattr(runtime, "database", lambda: Database(session.connection()))
    return lambda name: Tab(session, f"{name}-{uuid.uuid4().hex[:6]}")


def decisions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Decision)) or 0


def two_wait(clinic: Clinic) -> None:
    """Moderate ones, so that the reader's own level is asked for first."""
    for name in ("one", "two"):
        clinic.say(name, f"a heavy day for {name}", "What was heavy about it?")
    clinic.score(Severity.L2)


def test_a_press_sent_twice_is_carried_out_once(clinic, tab, session):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    before, first = decisions(session), noa.view.actions.about
    noa.sends("approve", id="press-1")
    second = noa.view.actions.about
    assert second not in ("", first)
    noa.sends("approve", first, id="press-1")  # its answer was lost on the way
    assert decisions(session) == before + 1
    assert noa.view.actions.about == second
    assert "changed" not in noa.desk.warning


def test_a_press_meant_for_one_card_does_nothing_on_the_next(clinic, tab, session):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    first = noa.view.actions.about
    noa.sends("approve")
    noa.sends("own-2")
    before = decisions(session)
    noa.sends("approve", first)
    assert decisions(session) == before
    assert "The card changed as you pressed" in noa.view.head


def test_what_is_not_offered_cannot_be_pressed(clinic, tab, session):
    """A press about a card that another desk shows."""
    two_wait(clinic)
    noa, ben = tab("noa"), tab("ben")
    noa.sends("next")
    about = noa.view.actions.about
    before = decisions(session)
    ben.sends("approve", about)
    assert decisions(session) == before
    assert "The card changed" in ben.view.head


def test_each_view_has_a_higher_number_than_the_one_before(clinic, tab):
    two_wait(clinic)
    noa = tab("noa")
    seen = [noa.view.number, noa.sends("next").number, noa.sends("own-2").number]
    assert seen == sorted(set(seen))


def test_a_form_that_is_no_longer_open_sends_nothing_and_loses_nothing(clinic, tab, session):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    item = noa.view.actions.about.split(":")[0]
    form = noa.sends("replace").form
    assert form is not None
    noa.sends("close", form.id)
    before = decisions(session)
    noa.sends(SEND, form.id, text="I am here.", item=item)
    assert decisions(session) == before
    assert "nothing was sent" in noa.view.head
    kept = select(WorkingText.text).where(WorkingText.item_id == uuid.UUID(item))
    assert session.scalar(kept) == "I am here."


def test_a_refusal_is_said_on_the_desk_and_in_the_open_form(clinic, tab, session):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    form = noa.sends("withhold").form
    assert form is not None
    before = decisions(session)
    view = noa.sends(SEND, form.id, flags=[], reason="")
    assert decisions(session) == before
    assert view.form is not None
    assert view.form.id == form.id
    assert view.form.trouble.startswith("Write a reason first")


def test_whoever_is_signed_out_changes_and_sees_nothing(clinic, tab, session):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    held = session.scalar(select(func.count()).select_from(Claim).where(Claim.ended_at.is_(None)))
    sign_out(session, noa.token)
    for name in ("unclaim", "own-2"):
        with pytest.raises(SignedOut):
            noa.sends(name)
    still = session.scalar(select(func.count()).select_from(Claim).where(Claim.ended_at.is_(None)))
    assert still == held


def test_a_press_that_met_a_signed_out_reader_can_be_sent_again(clinic, tab, session, monkeypatch):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    from oversight.ui import who

    monkeypatch.setattr(who, "person_of", lambda *_: None)
    with pytest.raises(SignedOut):
        noa.sends("unclaim", id="again")
    monkeypatch.setattr(who, "person_of", person_of)
    noa.sends("unclaim", id="again")
    assert noa.desk.last_words == "Put back"


def test_a_card_that_cannot_be_read_leaves_a_way_on(clinic, tab, monkeypatch):
    two_wait(clinic)
    noa = tab("noa")
    look = in_hand.look

    def broken(*_: object, **__: object) -> in_hand.InHand:
        raise ValueError("a level that nobody knows")

    monkeypatch.setattr(in_hand, "look", broken)
    view = noa.sends("next")
    assert "could not be shown" in view.head
    assert offered(view.actions) == ["next"]
    monkeypatch.setattr(in_hand, "look", look)
    assert noa.sends("next").actions.about


def test_a_hold_that_lapsed_is_told_for_the_open_item_only(clinic, tab):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    item = noa.view.actions.about.split(":")[0]
    assert "Your hold" not in noa.sends(LAPSED, str(uuid.uuid4())).head
    assert "Your hold on this item ended" in noa.sends(LAPSED, item).head


def test_an_item_of_the_list_is_taken_by_its_id(clinic, tab):
    two_wait(clinic)
    noa = tab("noa")
    wanted = clinic.open_item("two").id
    assert noa.sends(OPEN, str(wanted)).actions.about.startswith(str(wanted))


def test_a_desk_belongs_to_one_sign_in():
    desks = Desks()
    made = desks.lay_out("one token", None)
    assert desks.find(made.id, "one token") is made
    assert desks.find(made.id, "another token") is None
    assert desks.find("", "one token") is None


def test_the_desk_used_longest_ago_goes_first():
    desks = Desks(most=2)
    first, second = desks.lay_out("a", None), desks.lay_out("a", None)
    desks.find(first.id, "a")
    desks.lay_out("a", None)
    assert desks.find(first.id, "a") is first
    assert desks.find(second.id, "a") is None


def test_a_closed_item_is_laid_aside(clinic, tab):
    two_wait(clinic)
    noa = tab("noa")
    noa.desk.item = str(uuid.uuid4())
    view = view_of(noa.desk, noa.person)
    assert "Nothing in hand" in view.head
    assert noa.desk.item is None


def test_an_item_set_aside_is_told_with_its_time_and_the_next_one_follows(clinic, tab, session):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    first = noa.view.actions.about.split(":")[0]
    form = noa.sends("snooze").form
    assert form is not None
    assert form.choice is not None
    view = noa.sends(SEND, form.id, choice="15", reason="I am asking somebody", item=first)
    assert noa.desk.last_words.startswith("Set aside: it comes back when they write, and by ")
    assert view.actions.about.split(":")[0] not in ("", first)
    ((status, until),) = session.execute(
        select(ReviewItem.status, Snooze.until_at - Snooze.snoozed_at)
        .join(Snooze, Snooze.item_id == ReviewItem.id)
        .where(ReviewItem.id == uuid.UUID(first))
    )
    assert (status, until) == ("snoozed", timedelta(minutes=15))


def test_a_colleague_is_asked_and_the_item_stays_in_hand(clinic, tab, session):
    two_wait(clinic)
    noa, ben = tab("noa"), tab("ben")
    noa.sends("next")
    noa.sends("own-2")
    before = noa.view.actions.about
    form = noa.sends("ask").form
    assert form is not None
    assert form.text is not None
    assert not form.text.toThem
    view = noa.sends(SEND, form.id, text="Have you met this before?", choice="")
    assert view.form is not None
    assert view.form.trouble.startswith("Choose whom to ask")
    view = noa.sends(SEND, form.id, text="Have you met this before?", choice=str(ben.person.id))
    assert view.actions.about == before
    assert "Have you met this before? — not answered yet" in view.head
    (question,) = asked_about(session, uuid.UUID(before.split(":")[0]))
    answer(session, question.id, ben.person.id, text="Yes: call the sister first.")
    assert "Yes: call the sister first." in noa.sends("newer").head
    assert not session.scalar(select(func.count()).select_from(WorkingText))


def test_a_question_whose_form_was_gone_is_not_kept_as_words_to_the_participant(
    clinic, tab, session
):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    item = noa.view.actions.about.split(":")[0]
    form = noa.sends("ask").form
    assert form is not None
    noa.sends("close", form.id)
    noa.sends(SEND, form.id, text="Is she always like this?", item=item, toThem=False)
    assert not session.scalar(select(func.count()).select_from(WorkingText))


def test_the_conversation_is_taken_over_and_handed_back(clinic, tab):
    two_wait(clinic)
    noa = tab("noa")
    noa.sends("next")
    noa.sends("own-2")
    view = noa.sends("take-over")
    assert "A person has taken over this conversation" in view.head
    assert "hand-back" in offered(view.more)
    assert "take-over" in offered(noa.sends("hand-back").more)
