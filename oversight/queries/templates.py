"""The reply templates that a reader of one item may begin from."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Conversation, Participant, ReviewItem
from oversight.domain.errors import NotFound
from oversight.domain.templates import Template, templates_for
from oversight.queries.policies import policy_of


def templates_of(session: Session, item_id: uuid.UUID) -> Sequence[Template]:
    """The templates of an item's policy version, in the language its participant writes."""
    found = session.execute(
        select(
            ReviewItem.policy_version_id,
            func.coalesce(ReviewItem.language, Participant.language).label("language"),
            Participant.jurisdiction,
        )
        .join(Conversation, Conversation.id == ReviewItem.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .where(ReviewItem.id == item_id)
    ).one_or_none()
    if found is None:
        raise NotFound("no such review item", item_id=str(item_id))
    policy = policy_of(session, found.policy_version_id)
    return templates_for(policy, language=found.language, jurisdiction=found.jurisdiction)
