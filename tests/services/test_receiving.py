"""Messages and drafts on their way into the record."""

from oversight.domain.errors import Conflict, Incomplete, NotFound
from oversight.domain.lifecycle import DraftStatus, ItemStatus
from oversight.domain.severity import Severity
from oversight.services.arrivals import Arrival, NewMessage, NewReply, Outcome, ParticipantFacts
from oversight.services.receiving import receive
from oversight.services.refusing import hold_for_refused
from tests.services.clinic import Clinic


def arrival(clinic, number, conversation="c", *, words="hello", who="p", reply=None, arm=None):
    message = NewMessage(f"m{number}", ParticipantFacts(who, arm=arm), words, digest=words)
    draft = NewReply(f"r{number}", f"m{number}", reply, digest=reply) if reply else None
    return Arrival(clinic.study_id, conversation, message, draft)


def test_an_exchange_waits_unscored_in_one_item(clinic: Clinic):
    outcome = clinic.say("c", "good morning", "Good morning!")
    item = clinic.open_item("c")
    assert outcome.reply_status is DraftStatus.HELD
    assert (item.status, item.severity) == (ItemStatus.WAITING, Severity.LU)
    assert (item.first_sequence, item.last_sequence) == (1, 2)


def test_the_same_request_again_is_answered_the_same_and_changes_nothing(clinic: Clinic):
    first = arrival(clinic, 1, reply="hi")
    told, again = receive(clinic.session, [first])[0], receive(clinic.session, [first])[0]
    assert isinstance(told, Outcome)
    assert isinstance(again, Outcome)
    assert again.repeated
    assert (again.message_id, again.reply_id) == (told.message_id, told.reply_id)
    assert clinic.open_item("c").version == 1


def test_the_same_id_with_another_body_is_refused(clinic: Clinic):
    receive(clinic.session, [arrival(clinic, 1)])
    assert isinstance(receive(clinic.session, [arrival(clinic, 1, words="bye")])[0], Conflict)


def test_one_refused_arrival_does_not_spoil_its_neighbours(clinic: Clinic):
    lost = Arrival(clinic.study_id, "x", None, NewReply("r9", "nothing", "words", "d"))
    answers = receive(
        clinic.session,
        [arrival(clinic, 1), lost, arrival(clinic, 2, "c2"), arrival(clinic, 3, "c3", arm="none")],
    )
    assert [type(one) for one in answers] == [Outcome, NotFound, Outcome, Incomplete]
    assert clinic.item("c2") is not None


def test_forty_messages_in_one_batch_are_one_item_in_order(clinic: Clinic):
    answers = receive(
        clinic.session, [arrival(clinic, n, words=f"word {n}", reply=f"re {n}") for n in range(40)]
    )
    assert all(isinstance(one, Outcome) for one in answers)
    assert [one.text for one in clinic.messages("c")] == [f"word {n}" for n in range(40)]
    assert clinic.open_item("c").last_sequence == 80
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.draft("c").text == "re 39"


def test_a_reply_to_an_unknown_message_names_what_is_missing(clinic: Clinic):
    clinic.say("c", "hello")
    answer = clinic.arrive("c", reply="hi", answers="never-sent")
    assert isinstance(answer, NotFound)
    assert answer.facts["field"] == "in_reply_to"


def test_a_reply_may_name_our_own_message_id(clinic: Clinic):
    told = clinic.say("c", "hello")
    assert isinstance(clinic.arrive("c", reply="hi", answers=str(told.message_id)), Outcome)


def test_a_conversation_keeps_its_participant(clinic: Clinic):
    receive(clinic.session, [arrival(clinic, 1, who="ann")])
    assert isinstance(receive(clinic.session, [arrival(clinic, 2, who="ben")])[0], Conflict)


def test_a_phrase_rule_raises_a_message_at_receipt_and_calls_somebody(clinic: Clinic):
    clinic.say("c", "kms tonight", "ok", floor=Severity.L3)
    item = clinic.open_item("c")
    assert (item.severity, item.status) == (Severity.L3, ItemStatus.ESCALATED)


def test_a_newer_draft_supersedes_the_held_one(clinic: Clinic):
    clinic.say("c", "hello", "first")
    before = clinic.draft("c")
    clinic.say("c", "hello?", "second")
    clinic.session.refresh(before)
    assert before.status == DraftStatus.SUPERSEDED
    assert clinic.draft("c").text == "second"


def test_an_omitted_arm_means_that_everything_is_read(clinic: Clinic):
    clinic.say("c", "hello", "hi")
    clinic.score()
    assert clinic.draft("c").status == DraftStatus.HELD


def test_a_refused_message_does_not_hide_its_participant(clinic: Clinic):
    clinic.say("c", "hello", arm="flagged")
    clinic.score()
    assert clinic.item("c") is None
    assert hold_for_refused(clinic.session, clinic.study_id, "c", reason="text_too_long")
    item = clinic.open_item("c")
    assert (item.severity, item.notice) == (Severity.LU, "text_too_long")
    assert not hold_for_refused(clinic.session, clinic.study_id, "c", reason="text_too_long")
    clinic.wait(61)
    assert hold_for_refused(clinic.session, clinic.study_id, "c", reason="text_too_long")
    assert not hold_for_refused(clinic.session, clinic.study_id, "unknown", reason="x")
