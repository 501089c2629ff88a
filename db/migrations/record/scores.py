"""What the classifier said, and what it has still to read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.record.columns import a_level, a_list, known_by_id, refers, stamped


def risk_assessments() -> None:
    op.create_table(
        "risk_assessments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("draft_id", sa.UUID(), nullable=True),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("scored", sa.Boolean(), nullable=False),
        sa.Column("unscored_reason", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("crisis_probability", sa.REAL(), nullable=True),
        sa.Column("reply_harm_probability", sa.REAL(), nullable=True),
        sa.Column("category_probabilities", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("flag_probabilities", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        a_list("phrase_hits"),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("shadow", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        stamped("created_at"),
        sa.CheckConstraint(
            "crisis_probability BETWEEN 0 AND 1 AND crisis_probability <> 'NaN'::real",
            name=op.f("ck_risk_assessments_crisis_probability_range"),
        ),
        sa.CheckConstraint(
            "reply_harm_probability BETWEEN 0 AND 1 AND reply_harm_probability <> 'NaN'::real",
            name=op.f("ck_risk_assessments_reply_harm_probability_range"),
        ),
        a_level("risk_assessments", "severity"),
        sa.CheckConstraint(
            "num_nonnulls(message_id, draft_id) = 1", name=op.f("ck_risk_assessments_one_subject")
        ),
        refers("risk_assessments", "draft_id", to="drafts"),
        refers("risk_assessments", "message_id", to="messages"),
        known_by_id("risk_assessments"),
    )
    op.create_index("ix_risk_assessments_draft_id", "risk_assessments", ["draft_id"], unique=False)
    op.create_index(
        "ix_risk_assessments_message_id", "risk_assessments", ["message_id"], unique=False
    )


def scoring_work() -> None:
    op.create_table(
        "scoring_work",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("draft_id", sa.UUID(), nullable=True),
        sa.Column("urgency", sa.REAL(), server_default=sa.text("0"), nullable=False),
        sa.Column("length", sa.Integer(), server_default=sa.text("0"), nullable=False),
        stamped("created_at"),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(message_id, draft_id) = 1", name=op.f("ck_scoring_work_one_subject")
        ),
        refers("scoring_work", "draft_id", to="drafts"),
        refers("scoring_work", "message_id", to="messages"),
        known_by_id("scoring_work"),
    )
    op.create_index(
        "ix_scoring_work_order",
        "scoring_work",
        [sa.literal_column("urgency DESC"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_scoring_work_waiting",
        "scoring_work",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("NOT late"),
    )
    op.create_index("uq_scoring_work_draft_id", "scoring_work", ["draft_id"], unique=True)
    op.create_index("uq_scoring_work_message_id", "scoring_work", ["message_id"], unique=True)
