"""What happened, in order, for good."""

import sqlalchemy as sa
from alembic import op

from db.migrations.record.columns import an_object, known_by_id, refers, stamped


def audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        stamped("at"),
        sa.Column("study_id", sa.UUID(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(length=128), nullable=False),
        an_object("detail"),
        sa.CheckConstraint(
            "actor_kind IN ('clinician', 'bot', 'system')",
            name=op.f("ck_audit_events_actor_kind_known"),
        ),
        refers("audit_events", "study_id", to="studies"),
        known_by_id("audit_events"),
    )
    op.create_index(
        "ix_audit_events_conversation_id", "audit_events", ["conversation_id", "id"], unique=False
    )
    op.create_index("ix_audit_events_kind", "audit_events", ["kind", "at"], unique=False)
