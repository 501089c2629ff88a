"""Which classifier a process works with: the shipped one, unless another was promoted."""

import threading
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from classifiers.heads import DEFAULT_THRESHOLDS
from classifiers.load import ModelNotUsable, load_classifier, load_model, model_facts
from classifiers.protocol import Classifier
from db.session import Database, unavailable
from oversight.domain.words import ModelState
from oversight.logs import logger
from oversight.queries.models import model_in

_PAUSE_SECONDS = 1.0

log = logger(__name__)


def live_choice(database: Database) -> str | None:
    """The version that was promoted; None for the shipped one."""
    with database.reading() as session:
        found = model_in(session, ModelState.LIVE)
    return None if found is None else found.version


def load_live(
    database: Database, stopping: threading.Event, *, thresholds: str = DEFAULT_THRESHOLDS
) -> tuple[str | None, Classifier]:
    """The live classifier and its choice. Waits for a database that is away.

    Raises
    ------
    ModelNotUsable
        If a promoted classifier is not there any more, or its files are not those that were
        promoted. Then nothing is scored and every text is a person's, until it is put right.
    """
    while True:
        try:
            with database.reading() as session:
                found = model_in(session, ModelState.LIVE)
            break
        except SQLAlchemyError as error:
            if not unavailable(error) or stopping.is_set():
                raise
            log.warning("database_away", error=type(error).__name__)
            stopping.wait(_PAUSE_SECONDS)
    if found is None:
        return None, load_classifier(thresholds=thresholds)
    return found.version, load_unchanged(found.source, found.digest, thresholds=thresholds)


def load_unchanged(source: str, digest: str, *, thresholds: str = DEFAULT_THRESHOLDS) -> Classifier:
    """A classifier whose files are still those that a person named."""
    if model_facts(Path(source)).digest != digest:
        raise ModelNotUsable(f"the files of {source} are not those that were named")
    return load_model(Path(source), thresholds=thresholds)
