"""Escalations, and who was called for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.record.columns import a_level, identity, known_by_id, refers, stamped


def escalations() -> None:
    op.create_table(
        "escalations",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("policy_version_id", sa.UUID(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("opened_by", sa.UUID(), nullable=True),
        stamped("opened_at"),
        stamped("ladder_started_at"),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_page_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.UUID(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        a_level("escalations", "severity"),
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'resolved')",
            name=op.f("ck_escalations_status_known"),
        ),
        refers("escalations", "conversation_id", to="conversations"),
        refers("escalations", "item_id", to="review_items"),
        refers("escalations", "opened_by", to="clinicians"),
        refers("escalations", "owner_id", to="clinicians"),
        refers("escalations", "policy_version_id", to="policy_versions"),
        refers("escalations", "resolved_by", to="clinicians"),
        refers("escalations", "study_id", to="studies"),
        known_by_id("escalations"),
    )
    op.create_index("ix_escalations_item_id", "escalations", ["item_id"], unique=False)
    op.create_index(
        "ix_escalations_next_page_at",
        "escalations",
        ["next_page_at"],
        unique=False,
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index(
        "uq_escalations_one_open",
        "escalations",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'resolved'"),
    )


def pagings() -> None:
    op.create_table(
        "pagings",
        identity(),
        sa.Column("escalation_id", sa.UUID(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=True),
        stamped("at"),
        refers("pagings", "clinician_id", to="clinicians"),
        refers("pagings", "escalation_id", to="escalations"),
        known_by_id("pagings"),
    )
    op.create_index("ix_pagings_clinician_id", "pagings", ["clinician_id", "at"], unique=False)
    op.create_index("ix_pagings_escalation_id", "pagings", ["escalation_id"], unique=False)
