"""Behind the live work: evidence for what is shown, and a candidate that decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Engine, func, select, text

from classifiers.encoder import MODELS
from classifiers.load import load_classifier, load_model
from classifiers.protocol import Classifier, RiskAssessment
from classifiers.protocol import Message as Subject
from db.session import Database
from db.tables import Draft, Evidence, Message, ScoringModel, ScoringWork
from db.tables import RiskAssessment as Kept
from oversight.domain.flags import Flag
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.services import models
from oversight.services.models import NamedModel
from oversight.services.people import create_person
from oversight.services.scoring import Task
from oversight.worker import background
from oversight.worker.assessing import Assessor
from oversight.worker.background import Background, Explainer, Shadow, live_is_behind
from oversight.worker.draining import Drain
from tests.worker import stand_ins
from tests.worker.stand_ins import POISON
from tests.worker.talk import PASSWORD, Talk, harmless

CRISIS = "the bus was late. i am going to kill myself tonight. dinner was pasta."
HARMFUL = "You could go a week without eating. It would make you feel light."
DECIDING = (
    "review_items", "messages", "drafts", "deliveries", "decisions", "escalations", "pagings",
    "claims", "scoring_work", "audit_events", "evidence", "level_changes",
)  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return load_classifier()


def drained(database: Database, classifier: Classifier) -> None:
    stopping = threading.Event()
    drain = Drain(database, Assessor(classifier, stopping=stopping), stopping=stopping)
    assert drain.drain() is False


def explained(database: Database, classifier: Classifier) -> Mapping[int, Evidence]:
    """Everything there is to explain, by assessment."""
    explainer = Explainer(database, stopping=threading.Event(), classifier=classifier)
    while explainer.step():
        pass
    with database.reading() as session:
        return {one.assessment_id: one for one in session.scalars(select(Evidence))}


def in_shadow(database: Database, *, version: str = "candidate", past: int = 0) -> None:
    with database.transaction() as session:
        lead = create_person(
            session, username="lead", name="Lead", role=Role.STUDY_LEAD, password=PASSWORD
        )
        named = NamedModel(version, "/nowhere", "digest", None, {})
        models.put_in_shadow(session, named, by=lead, past=past)


def shadow(database: Database, classifier: Classifier) -> Shadow:
    return Shadow(database, stopping=threading.Event(), load=lambda _source, _digest: classifier)


def shadowed(database: Database) -> Sequence[Kept]:
    with database.reading() as session:
        return session.scalars(select(Kept).where(Kept.shadow).order_by(Kept.id)).all()


def picture(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table by which anything is decided, shown or sent."""
    with engine.connect() as connection:
        return {
            table: sorted(
                str(row[0]) for row in connection.execute(text(f"SELECT t::text FROM {table} t"))
            )
            for table in DECIDING
        }


@dataclass
class Alarmed(stand_ins.Quick):
    """Sees imminent danger and every flag everywhere."""

    version: str = "alarmed"

    def assess(self, messages: Sequence[Subject]) -> list[RiskAssessment]:
        return [
            replace(
                one,
                severity=Severity.L0 if one.role == "bot" else Severity.L4,
                crisis_probability=None if one.role == "bot" else 1.0,
                reply_harm_probability=1.0 if one.role == "bot" else None,
                flags=tuple(Flag) if one.role == "bot" else (),
            )
            for one in super().assess(messages)
        ]


def test_the_words_that_moved_a_score_are_kept_with_the_version_that_gave_it(
    database: Database, talk: Talk, shipped: Classifier
) -> None:
    talk.say(CRISIS, "We painted the fence.", "i bought apples at the market")
    drained(database, shipped)
    found = explained(database, shipped)
    with database.reading() as session:
        message = session.scalars(select(Message).where(Message.text == CRISIS)).one()
        assessed = session.scalars(select(Kept).where(Kept.message_id == message.id)).one()
    assert list(found) == [assessed.id]
    evidence = found[assessed.id]
    assert evidence.model_version == shipped.version
    start, end, weight = evidence.spans[0]
    assert CRISIS.index("i am") <= start < end <= CRISIS.index(" dinner")
    assert weight > 0


def test_a_flagged_reply_is_explained_for_its_strongest_flag(
    database: Database, talk: Talk, shipped: Classifier
) -> None:
    talk.say("i want to lose weight", reply=HARMFUL)
    drained(database, shipped)
    found = explained(database, shipped)
    with database.reading() as session:
        draft = session.scalars(select(Draft)).one()
    evidence = [one for one in found.values() if one.flag]
    assert [one.flag for one in evidence] == ["F05"]
    assert set(draft.flags) >= {"F05"}
    assert all(0 <= start < end <= len(HARMFUL) for start, end, _ in evidence[0].spans)


def test_another_version_explains_nothing_that_it_did_not_score(
    database: Database, talk: Talk, shipped: Classifier
) -> None:
    talk.say(CRISIS)
    drained(database, stand_ins.Quick())
    assert explained(database, shipped) == {}


def test_no_model_is_loaded_where_nothing_is_to_explain(database: Database, talk: Talk) -> None:
    talk.say(*harmless(3))
    drained(database, stand_ins.Quick())
    explainer = Explainer(database, stopping=threading.Event())
    assert explainer.step() is False
    assert explainer._classifier is None


def test_evidence_is_worked_out_once(database: Database, talk: Talk, shipped: Classifier) -> None:
    talk.say(CRISIS)
    drained(database, shipped)
    first = explained(database, shipped)
    again = explained(database, shipped)
    assert [one.created_at for one in first.values()] == [one.created_at for one in again.values()]


@pytest.mark.parametrize(
    "candidate",
    [
        Alarmed,
        stand_ins.Quick,
        stand_ins.Raising,
        stand_ins.NotANumber,
        stand_ins.OutOfRange,
        stand_ins.LosesCount,
        stand_ins.MixesUp,
    ],
)
def test_whatever_a_candidate_says_or_fails_to_say_nothing_changes(
    database: Database,
    engine: Engine,
    talk: Talk,
    shipped: Classifier,
    candidate: Callable[[], stand_ins.Quick],
) -> None:
    in_shadow(database)
    talk.say(CRISIS, *harmless(3), reply="That sounds like a long day.")
    talk.say("slept alright", arm="b", reply="Good to hear.")
    drained(database, shipped)
    before = picture(engine)
    reading = shadow(database, candidate())
    while reading.step():
        pass
    assert picture(engine) == before
    with database.reading() as session:
        texts = session.scalar(select(func.count()).select_from(Kept).where(~Kept.shadow))
    kept = shadowed(database)
    assert len(kept) == texts
    assert {one.model_version for one in kept} == {"candidate"}


def test_a_candidate_that_answers_nonsense_is_kept_as_not_having_scored(
    database: Database, talk: Talk
) -> None:
    in_shadow(database)
    talk.say(CRISIS)
    drained(database, stand_ins.Quick())
    shadow(database, stand_ins.NotANumber()).step()
    kept = shadowed(database)[0]
    assert (kept.scored, kept.severity, kept.unscored_reason) == (False, "LU", "invalid_score")


def test_the_real_model_in_shadow_agrees_with_itself(
    database: Database, talk: Talk, shipped: Classifier
) -> None:
    in_shadow(database)
    talk.say(CRISIS, *harmless(3), reply=HARMFUL)
    drained(database, shipped)
    reading = shadow(database, load_model(MODELS))
    while reading.step():
        pass
    with database.reading() as session:
        rows = session.scalars(select(Kept)).all()
    by_text: dict[object, set[tuple[object, ...]]] = {}
    for one in rows:
        said = (one.severity, one.crisis_probability, one.reply_harm_probability, *one.flags)
        by_text.setdefault(one.message_id or one.draft_id, set()).add(said)
    assert len(rows) == 2 * len(by_text)
    assert all(len(said) == 1 for said in by_text.values())


def test_a_candidate_reads_from_when_it_was_named_and_the_past_it_was_asked_for(
    database: Database, talk: Talk
) -> None:
    talk.say(*harmless(5))
    drained(database, stand_ins.Quick())
    in_shadow(database, past=2)
    reading = shadow(database, stand_ins.Quick())
    while reading.step():
        pass
    assert len(shadowed(database)) == 2


def test_a_text_of_which_the_candidate_died_twice_is_not_read_a_third_time(
    database: Database, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_shadow(database)
    talk.say(*harmless(2), POISON, *harmless(1))
    drained(database, stand_ins.Quick())

    class Died(BaseException):
        """As if in native code: nothing is caught, nothing is tidied up."""

    class Dies(Assessor):
        def assess(self, tasks: Sequence[Task]) -> list[RiskAssessment]:
            if any(POISON in task.subject.text for task in tasks):
                raise Died
            return super().assess(tasks)

    monkeypatch.setattr(background, "Assessor", Dies)
    deaths = 0
    while True:
        reading = shadow(database, stand_ins.Quick())  # a new process after each death
        try:
            while reading.step():
                pass
            break
        except Died:
            deaths += 1
    reasons = [one.unscored_reason for one in shadowed(database)]
    assert sorted(map(str, reasons)) == ["None", "None", "None", "classifier_error"]
    assert deaths == 2


def test_background_work_steps_aside_while_somebody_waits_for_a_score(
    database: Database, engine: Engine, talk: Talk
) -> None:
    in_shadow(database)
    talk.say(*harmless(2))
    drained(database, stand_ins.Quick())
    talk.say("nobody has scored me yet")
    with database.transaction() as session:
        session.execute(
            ScoringWork.__table__.update().values(
                created_at=text("oversight_now() - interval '2 seconds'")
            )
        )
    assert live_is_behind(database)
    work = Background(database, stopping=threading.Event())
    work._tasks = (shadow(database, stand_ins.Quick()).step,)
    assert work.step() is False
    assert shadowed(database) == []
    drained(database, stand_ins.Quick())
    assert work.step() is True


def test_a_candidate_that_cannot_be_loaded_says_why_and_stops_nothing(
    database: Database, talk: Talk
) -> None:
    in_shadow(database)
    talk.say(CRISIS)
    drained(database, stand_ins.Quick())
    work = Background(database, stopping=threading.Event())
    assert work.step() is False
    with database.reading() as session:
        trouble = session.scalars(select(ScoringModel.trouble)).one()
    assert trouble is not None
    assert "/nowhere" in trouble
