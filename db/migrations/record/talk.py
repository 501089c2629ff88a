"""What was said, and what the bot proposed to say."""

import sqlalchemy as sa
from alembic import op

from db.migrations.record.columns import a_level, a_list, identity, known_by_id, refers, stamped


def messages() -> None:
    op.create_table(
        "messages",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        stamped("received_at"),
        sa.Column("scoring", sa.String(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("severity", sa.String(), server_default=sa.text("'LU'"), nullable=False),
        a_list("categories"),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("urgency", sa.REAL(), server_default=sa.text("0"), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scoring IN ('pending', 'scored', 'failed')", name=op.f("ck_messages_scoring_known")
        ),
        a_level("messages", "severity"),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 20000", name=op.f("ck_messages_text_size")),
        refers("messages", "conversation_id", to="conversations"),
        refers("messages", "item_id", to="review_items"),
        refers("messages", "study_id", to="studies"),
        known_by_id("messages"),
        sa.UniqueConstraint(
            "conversation_id", "sequence", name=op.f("uq_messages_conversation_id_sequence")
        ),
        sa.UniqueConstraint(
            "study_id", "external_id", name=op.f("uq_messages_study_id_external_id")
        ),
    )


def drafts() -> None:
    op.create_table(
        "drafts",
        identity(),
        sa.Column("reply_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=True),
        sa.Column("model_version", sa.String(), nullable=True),
        sa.Column("prompt_version", sa.String(), nullable=True),
        stamped("received_at"),
        sa.Column("status", sa.String(), server_default=sa.text("'held'"), nullable=False),
        sa.Column("scoring", sa.String(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("grade", sa.String(), server_default=sa.text("'H0'"), nullable=False),
        a_list("flags"),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        stamped("status_at"),
        sa.CheckConstraint("grade IN ('H0', 'H1', 'H2', 'H3')", name=op.f("ck_drafts_grade_known")),
        sa.CheckConstraint(
            "scoring IN ('pending', 'scored', 'failed')", name=op.f("ck_drafts_scoring_known")
        ),
        sa.CheckConstraint(
            "status IN ('held', 'released', 'withheld', 'superseded', "
            "'recalled', 'delivered', 'corrected', 'retracted')",
            name=op.f("ck_drafts_status_known"),
        ),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 20000", name=op.f("ck_drafts_text_size")),
        refers("drafts", "conversation_id", to="conversations"),
        refers("drafts", "item_id", to="review_items"),
        refers("drafts", "message_id", to="messages"),
        refers("drafts", "study_id", to="studies"),
        known_by_id("drafts"),
        sa.UniqueConstraint(
            "conversation_id", "sequence", name=op.f("uq_drafts_conversation_id_sequence")
        ),
        sa.UniqueConstraint("reply_id", "revision", name=op.f("uq_drafts_reply_id_revision")),
        sa.UniqueConstraint(
            "study_id",
            "external_id",
            "revision",
            name=op.f("uq_drafts_study_id_external_id_revision"),
        ),
    )
    op.create_index(
        "uq_drafts_one_held",
        "drafts",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'held'"),
    )
