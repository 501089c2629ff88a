"""Escalations, and who was called for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("policy_version_id", sa.UUID(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("opened_by", sa.UUID(), nullable=True),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column(
            "ladder_started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
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
        sa.CheckConstraint(
            "severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_escalations_severity_known"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'resolved')",
            name=op.f("ck_escalations_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_escalations_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name=op.f("fk_escalations_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["clinicians.id"], name=op.f("fk_escalations_opened_by")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["clinicians.id"], name=op.f("fk_escalations_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_versions.id"],
            name=op.f("fk_escalations_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["clinicians.id"], name=op.f("fk_escalations_resolved_by")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_escalations_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
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
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("escalation_id", sa.UUID(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_pagings_clinician_id")
        ),
        sa.ForeignKeyConstraint(
            ["escalation_id"], ["escalations.id"], name=op.f("fk_pagings_escalation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pagings")),
    )
    op.create_index("ix_pagings_clinician_id", "pagings", ["clinician_id", "at"], unique=False)
    op.create_index("ix_pagings_escalation_id", "pagings", ["escalation_id"], unique=False)
