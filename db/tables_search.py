"""What makes words findable: apart from the texts, so that storing a message stays as fast."""

import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Id, Moment, one_of


class SearchKind(StrEnum):
    """Who said it: the participant, or the bot and people to the participant."""

    SAID = "said"
    SENT = "sent"


class SearchText(Base):
    """The words of one text (its id is the message's or delivery's), never the text itself."""

    __tablename__ = "search_texts"
    __table_args__ = (
        one_of("kind", SearchKind),
        Index("ix_search_texts_words", "words", postgresql_using="gin"),
        Index("ix_search_texts_at", sql("at DESC"), sql("id DESC")),
        Index("ix_search_texts_conversation_id", "conversation_id"),
        Index("ix_search_texts_kind", "kind", sql("id DESC")),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    at: Mapped[Moment]
    words: Mapped[str] = mapped_column(TSVECTOR)


class SearchWord(Base):
    """Every word that occurs, once: the place to look for similar ones."""

    __tablename__ = "search_words"

    word: Mapped[str] = mapped_column(primary_key=True)
