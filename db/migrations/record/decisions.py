"""What was decided, what was sent for it, and how it was rated."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.record.columns import a_level, a_list, identity, known_by_id, refers, stamped


def decisions() -> None:
    op.create_table(
        "decisions",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("policy_version_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("item_version", sa.Integer(), nullable=True),
        sa.Column("draft_id", sa.UUID(), nullable=True),
        sa.Column("clinician_id", sa.UUID(), nullable=True),
        sa.Column("client_decision_id", sa.Uuid(), nullable=True),
        sa.Column("request_digest", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("text_digest", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        a_list("flags"),
        sa.Column("own_severity", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("read_sequence", sa.Integer(), nullable=True),
        stamped("created_at"),
        sa.CheckConstraint(
            "clinician_id IS NOT NULL OR kind IN ('release', 'bridge', 'recall')",
            name=op.f("ck_decisions_person_or_policy"),
        ),
        sa.CheckConstraint(
            "kind IN ('approve', 'edit', 'replace', 'withhold', "
            "'escalate', 'mark_read', 'lower', "
            "'recall', 'correct', 'retract', 'release', 'bridge')",
            name=op.f("ck_decisions_kind_known"),
        ),
        a_level("decisions", "own_severity"),
        sa.CheckConstraint(
            "text_digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')",
            name=op.f("ck_decisions_digest_of_text"),
        ),
        sa.CheckConstraint(
            "(text IS NULL) = (text_digest IS NULL)", name=op.f("ck_decisions_text_has_digest")
        ),
        sa.CheckConstraint(
            "clinician_id IS NULL OR client_decision_id IS NOT NULL",
            name=op.f("ck_decisions_person_names_it_once"),
        ),
        refers("decisions", "clinician_id", to="clinicians"),
        refers("decisions", "conversation_id", to="conversations"),
        refers("decisions", "draft_id", to="drafts"),
        refers("decisions", "item_id", to="review_items"),
        refers("decisions", "policy_version_id", to="policy_versions"),
        refers("decisions", "study_id", to="studies"),
        known_by_id("decisions"),
        sa.UniqueConstraint("client_decision_id", name=op.f("uq_decisions_client_decision_id")),
        sa.UniqueConstraint("id", "text_digest", name=op.f("uq_decisions_id_text_digest")),
    )
    op.create_index("ix_decisions_conversation_id", "decisions", ["conversation_id"], unique=False)
    op.create_index("ix_decisions_created_at", "decisions", ["created_at"], unique=False)
    op.create_index("ix_decisions_item_id", "decisions", ["item_id"], unique=False)


def deliveries() -> None:
    op.create_table(
        "deliveries",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("draft_id", sa.UUID(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("corrects", sa.UUID(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_digest", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default=sa.text("'queued'"), nullable=False),
        stamped("queued_at"),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("feed_position", sa.BigInteger(), nullable=True),
        sa.Column("handed_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('reply', 'bridge', 'note', 'clinician', 'correction', 'retraction')",
            name=op.f("ck_deliveries_kind_known"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'sending', 'delivered', 'failed', 'uncertain', 'recalled')",
            name=op.f("ck_deliveries_status_known"),
        ),
        sa.CheckConstraint(
            "text_digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')",
            name=op.f("ck_deliveries_digest_of_text"),
        ),
        refers("deliveries", "conversation_id", to="conversations"),
        refers("deliveries", "corrects", to="deliveries"),
        sa.ForeignKeyConstraint(
            ["decision_id", "text_digest"],
            ["decisions.id", "decisions.text_digest"],
            name="fk_deliveries_decision_names_text",
        ),
        refers("deliveries", "draft_id", to="drafts"),
        refers("deliveries", "participant_id", to="participants"),
        refers("deliveries", "study_id", to="studies"),
        known_by_id("deliveries"),
        sa.UniqueConstraint("decision_id", name=op.f("uq_deliveries_decision_id")),
        sa.UniqueConstraint(
            "study_id", "feed_position", name=op.f("uq_deliveries_study_id_feed_position")
        ),
    )
    op.create_index(
        "ix_deliveries_conversation_id", "deliveries", ["conversation_id"], unique=False
    )
    op.create_index("ix_deliveries_draft_id", "deliveries", ["draft_id"], unique=False)
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["study_id", "not_before"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_deliveries_unconfirmed",
        "deliveries",
        ["handed_out_at"],
        unique=False,
        postgresql_where=sa.text("status = 'sending'"),
    )


def ratings() -> None:
    op.create_table(
        "ratings",
        identity(),
        sa.Column("decision_id", sa.UUID(), nullable=False),
        sa.Column("rater_id", sa.UUID(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        stamped("created_at"),
        refers("ratings", "decision_id", to="decisions"),
        refers("ratings", "rater_id", to="clinicians"),
        known_by_id("ratings"),
        sa.UniqueConstraint(
            "decision_id", "rater_id", name=op.f("uq_ratings_decision_id_rater_id")
        ),
    )
