"""Reading the history again, batch by batch, behind the live work."""

import threading
from datetime import datetime

from classifiers.heads import DEFAULT_THRESHOLDS
from classifiers.load import ModelNotUsable
from classifiers.protocol import Classifier
from db.session import Database
from oversight.domain.errors import Conflict
from oversight.logs import logger
from oversight.services.rereading import Reread, next_texts, record_reread, words
from oversight.worker.assessing import Assessor
from oversight.worker.background import LOOK_SECONDS, live_is_behind
from oversight.worker.choosing import load_live

REPORT_EVERY = 50

log = logger(__name__)


def reread_live(
    database: Database, version: str, since: datetime, *, thresholds: str = DEFAULT_THRESHOLDS
) -> Reread:
    """Everything said since then, read by the live classifier, which must be this version."""
    try:
        _, classifier = load_live(database, threading.Event(), thresholds=thresholds)
    except ModelNotUsable as error:
        raise Conflict(str(error)) from error
    if classifier.version != version:
        raise Conflict(
            f"live is {classifier.version}, not {version}: promote it first",
            live=classifier.version,
        )
    return reread(database, classifier, since=since)


def reread(database: Database, classifier: Classifier, *, since: datetime) -> Reread:
    """One batch after another; what was read is kept, so a run cut off goes on where it was."""
    stopping = threading.Event()
    assessor = Assessor(classifier, stopping=stopping)
    done, after, batches = Reread(), 0, 0
    while True:
        while live_is_behind(database):
            stopping.wait(LOOK_SECONDS)
        with database.reading() as session:
            tasks = next_texts(session, after=after, model_version=assessor.version, since=since)
        if not tasks:
            return done
        assessments = assessor.assess(tasks)
        if assessor.hanging:
            raise Conflict("the classifier hangs; what was read is kept, start again to go on")
        with database.transaction() as session:
            done.add(record_reread(session, tasks, assessments))
        after, batches = tasks[-1].work_id, batches + 1
        if batches % REPORT_EVERY == 0:
            log.info("rereading", progress=words(done))
