"""What waits for a person, who holds it, and what they did with it short of deciding."""

import sqlalchemy as sa
from alembic import op

from db.migrations.record.columns import a_level, identity, known_by_id, refers, stamped


def review_items() -> None:
    op.create_table(
        "review_items",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("policy_version_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(), server_default=sa.text("'review'"), nullable=False),
        sa.Column("status", sa.String(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("severity", sa.String(), server_default=sa.text("'LU'"), nullable=False),
        sa.Column("lowered_to", sa.String(), nullable=True),
        sa.Column("lowered_sequence", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(), server_default=sa.text("'H0'"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("3000"), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_sequence", sa.Integer(), nullable=False),
        sa.Column("last_sequence", sa.Integer(), nullable=False),
        sa.Column("read_sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        stamped("opened_at"),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bridge_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covered_sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("covered_severity", sa.String(), nullable=True),
        sa.Column("assigned_to", sa.UUID(), nullable=True),
        sa.Column("assigned_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice", sa.String(), nullable=True),
        sa.Column("notice_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)",
            name=op.f("ck_review_items_closed_has_time"),
        ),
        sa.CheckConstraint(
            "disposition IN ('approved', 'edited', 'replaced', 'withheld', 'read', 'superseded')",
            name=op.f("ck_review_items_disposition_known"),
        ),
        sa.CheckConstraint(
            "grade IN ('H0', 'H1', 'H2', 'H3')", name=op.f("ck_review_items_grade_known")
        ),
        sa.CheckConstraint("kind IN ('review', 'audit')", name=op.f("ck_review_items_kind_known")),
        a_level("review_items", "lowered_to"),
        a_level("review_items", "covered_severity"),
        a_level("review_items", "severity"),
        sa.CheckConstraint(
            "status IN ('waiting', 'claimed', 'escalated', 'closed')",
            name=op.f("ck_review_items_status_known"),
        ),
        refers("review_items", "assigned_to", to="clinicians"),
        refers("review_items", "conversation_id", to="conversations"),
        refers("review_items", "policy_version_id", to="policy_versions"),
        refers("review_items", "study_id", to="studies"),
        known_by_id("review_items"),
    )
    op.create_index(
        "ix_review_items_bridge",
        "review_items",
        ["bridge_due_at"],
        unique=False,
        postgresql_where=sa.text("bridge_due_at IS NOT NULL AND status <> 'closed'"),
    )
    op.create_index("ix_review_items_closed_at", "review_items", ["closed_at"], unique=False)
    op.create_index(
        "ix_review_items_conversation_id", "review_items", ["conversation_id"], unique=False
    )
    op.create_index(
        "ix_review_items_queue",
        "review_items",
        [sa.literal_column("priority DESC"), "deadline_at", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('waiting', 'escalated')"),
    )
    op.create_index(
        "uq_review_items_one_open",
        "review_items",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'review' AND status <> 'closed'"),
    )


def claims() -> None:
    op.create_table(
        "claims",
        identity(),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        stamped("claimed_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(), nullable=True),
        sa.CheckConstraint(
            "ended_how IN ('decided', 'returned', 'skipped', 'escalated', 'lapsed')",
            name=op.f("ck_claims_ended_how_known"),
        ),
        refers("claims", "clinician_id", to="clinicians"),
        refers("claims", "item_id", to="review_items"),
        known_by_id("claims"),
    )
    op.create_index(
        "ix_claims_clinician_id", "claims", ["clinician_id", "claimed_at"], unique=False
    )
    op.create_index(
        "ix_claims_live",
        "claims",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_claims_one_live",
        "claims",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def skips() -> None:
    op.create_table(
        "skips",
        identity(),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("next_owner_id", sa.UUID(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        stamped("at"),
        refers("skips", "clinician_id", to="clinicians"),
        refers("skips", "item_id", to="review_items"),
        refers("skips", "next_owner_id", to="clinicians"),
        known_by_id("skips"),
    )
    op.create_index("ix_skips_item_id", "skips", ["item_id", "clinician_id"], unique=False)


def working_texts() -> None:
    op.create_table(
        "working_texts",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        stamped("saved_at"),
        refers("working_texts", "clinician_id", to="clinicians"),
        refers("working_texts", "item_id", to="review_items"),
        sa.PrimaryKeyConstraint("item_id", "clinician_id", name=op.f("pk_working_texts")),
    )


def level_changes() -> None:
    op.create_table(
        "level_changes",
        identity(),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("from_severity", sa.String(), nullable=False),
        sa.Column("to_severity", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        stamped("at"),
        sa.Column("confirm_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.UUID(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        a_level("level_changes", "from_severity"),
        a_level("level_changes", "to_severity"),
        sa.CheckConstraint(
            "confirmed_by <> clinician_id", name=op.f("ck_level_changes_second_person")
        ),
        refers("level_changes", "clinician_id", to="clinicians"),
        refers("level_changes", "confirmed_by", to="clinicians"),
        refers("level_changes", "item_id", to="review_items"),
        known_by_id("level_changes"),
    )
