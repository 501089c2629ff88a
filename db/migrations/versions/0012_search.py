"""Words findable: full text apart from the texts, similar words where pg_trgm may be had."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE search_texts (
    id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    conversation_id UUID NOT NULL,
    at timestamptz NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT pk_search_texts PRIMARY KEY (id),
    CONSTRAINT fk_search_texts_conversation_id
        FOREIGN KEY(conversation_id) REFERENCES conversations (id),
    CONSTRAINT ck_search_texts_kind_known CHECK (kind IN ('said', 'sent'))
);
CREATE INDEX ix_search_texts_words ON search_texts USING gin (words);
CREATE INDEX ix_search_texts_at ON search_texts (at DESC, id DESC);
CREATE INDEX ix_search_texts_conversation_id ON search_texts (conversation_id);
CREATE INDEX ix_search_texts_kind ON search_texts (kind, id DESC);
CREATE TABLE search_words (
    word VARCHAR NOT NULL,
    CONSTRAINT pk_search_words PRIMARY KEY (word)
);
"""

# A database of somebody else's may not let us: then whole words are found, and similar ones not.
SIMILAR = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX ix_search_words_similar ON search_words USING gin (word gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'without pg_trgm: search finds whole words only';
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(SIMILAR)


def downgrade() -> None:
    op.drop_table("search_words")
    op.drop_table("search_texts")
