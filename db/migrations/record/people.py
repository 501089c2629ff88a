"""Who signs in, and who is on duty."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.record.columns import identity, known_by_id, refers, stamped


def clinicians() -> None:
    op.create_table(
        "clinicians",
        identity(),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column(
            "languages",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[\"en\"]'::jsonb"),
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(), nullable=False),
        stamped("created_at"),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('clinician', 'supervisor', 'study_lead', 'admin')",
            name=op.f("ck_clinicians_role_known"),
        ),
        known_by_id("clinicians"),
        sa.UniqueConstraint("username", name=op.f("uq_clinicians_username")),
    )


def sign_in_failures() -> None:
    op.create_table(
        "sign_in_failures",
        identity(),
        sa.Column("username", sa.String(length=128), nullable=False),
        stamped("at"),
        known_by_id("sign_in_failures"),
    )
    op.create_index(
        "ix_sign_in_failures_username_at", "sign_in_failures", ["username", "at"], unique=False
    )


def sign_ins() -> None:
    op.create_table(
        "sign_ins",
        identity(),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        stamped("created_at"),
        stamped("seen_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_sign_ins_expires_later")),
        refers("sign_ins", "clinician_id", to="clinicians"),
        known_by_id("sign_ins"),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_ins_digest")),
    )
    op.create_index("ix_sign_ins_clinician_id", "sign_ins", ["clinician_id"], unique=False)


def shifts() -> None:
    op.create_table(
        "shifts",
        identity(),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "position IN ('primary', 'secondary')", name=op.f("ck_shifts_position_known")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shifts_ends_later")),
        refers("shifts", "clinician_id", to="clinicians"),
        known_by_id("shifts"),
    )
    op.create_index("ix_shifts_ends_at", "shifts", ["ends_at"], unique=False)
