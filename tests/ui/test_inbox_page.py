"""The inbox of pages, and the link in each: looking changes nothing, a stranger's is not shown."""

from __future__ import annotations

import re
import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.session import Database, now
from db.tables import Clinician, Escalation
from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.services import duty, paging
from oversight.services.pager_tests import ring_pager
from oversight.services.reaching import add_contact_method
from oversight.ui import runtime
from oversight.ui.page_link import link_routes
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words

HERE = "http://testserver"
LINK = re.compile(r"/page/[^\s\"<]+")


def reachable(clinic: Clinic, position: ShiftPosition | None = ShiftPosition.PRIMARY) -> uuid.UUID:
    person = clinic.person()
    add_contact_method(clinic.session, person, person, channel=ChannelKind.INBOX, address="")
    if position is not None:
        duty.go_on_duty(clinic.session, person, position=position)
        clinic.wait(0.001)
    return person


def send(clinic: Clinic) -> list[str]:
    """The pager sends what waits by the inbox; the paths of the links."""
    at = now(clinic.session)
    found = []
    for one in paging.take_pages(clinic.session, ChannelKind.INBOX, base_url=HERE, now=at):
        paging.keep_in_inbox(clinic.session, one, now=at)
        paging.sent(clinic.session, one.page_id, now=at)
        found.append(one.link.removeprefix(HERE))
    return found


def grave(clinic: Clinic) -> None:
    clinic.say("grave", "i cannot go on", "What happened?")
    clinic.score(Severity.L4)


@pytest.fixture
def browser(session: Session, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(runtime, "database", lambda: Database(session.connection()))
    return TestClient(Starlette(routes=link_routes()))


def test_it_says_who_was_called_and_that_others_were_not(clinic: Clinic, see: See) -> None:
    reachable(clinic)
    clinic.person(on_duty=ShiftPosition.PRIMARY)
    grave(clinic)
    send(clinic)
    told = words(see("inbox", Role.ADMIN))
    assert "Escalation, step 1" in told
    assert "sent; by inbox of pages" in told
    assert "not sent; no contact method" in told
    assert "cannot go on" not in told


def test_only_whoever_got_a_page_sees_its_link(clinic: Clinic, see: See, session: Session) -> None:
    reachable(clinic)
    grave(clinic)
    send(clinic)
    page = see("inbox", Role.CLINICIAN)
    assert not LINK.search(words(page))
    me = session.scalars(select(Clinician).where(Clinician.username == "clinician-looking")).one()
    add_contact_method(session, me.id, me.id, channel=ChannelKind.INBOX, address="")
    ring_pager(session, me.id, now=now(session))
    send(clinic)
    assert len(LINK.findall(words(page.run()))) == 1


def test_looking_changes_nothing_and_confirming_works_once(
    clinic: Clinic, browser: TestClient, session: Session
) -> None:
    person = reachable(clinic)
    grave(clinic)
    (link,) = send(clinic)
    for _ in range(2):
        looked = browser.get(link)
        assert looked.status_code == 200
        assert "<button" in looked.text
        assert "grave" not in looked.text
    assert session.scalars(select(Escalation)).one().owner_id is None
    assert "You have it" in browser.post(link, headers={"origin": HERE}).text
    session.expire_all()
    assert session.scalars(select(Escalation)).one().owner_id == person
    again = browser.post(link)
    assert again.status_code == 409
    assert "used already" in again.text
    assert "<button" not in browser.get(link).text


def test_a_link_that_was_tampered_with_or_pressed_elsewhere_does_nothing(
    clinic: Clinic, browser: TestClient, session: Session
) -> None:
    reachable(clinic)
    grave(clinic)
    (link,) = send(clinic)
    assert browser.post(link, headers={"origin": "https://elsewhere.example"}).status_code == 403
    assert browser.post(link[:-2] + "zz").status_code in (404, 409)
    assert browser.get("/page/nonsense").status_code == 404
    session.expire_all()
    assert session.scalars(select(Escalation)).one().owner_id is None
