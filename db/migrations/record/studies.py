"""Studies, their arms and rules, who takes part, and their conversations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.record.columns import an_object, identity, known_by_id, refers, stamped


def studies() -> None:
    op.create_table(
        "studies",
        identity(),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("feed_position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        stamped("created_at"),
        known_by_id("studies"),
        sa.UniqueConstraint("name", name=op.f("uq_studies_name")),
    )


def policy_versions() -> None:
    op.create_table(
        "policy_versions",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        stamped("created_at"),
        refers("policy_versions", "study_id", to="studies"),
        known_by_id("policy_versions"),
        sa.UniqueConstraint(
            "study_id", "name", "number", name=op.f("uq_policy_versions_study_id_name_number")
        ),
    )


def study_keys() -> None:
    op.create_table(
        "study_keys",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        stamped("created_at"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        refers("study_keys", "study_id", to="studies"),
        known_by_id("study_keys"),
        sa.UniqueConstraint("digest", name=op.f("uq_study_keys_digest")),
    )


def arms() -> None:
    op.create_table(
        "arms",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("policy_version_id", sa.UUID(), nullable=False),
        refers("arms", "policy_version_id", to="policy_versions"),
        refers("arms", "study_id", to="studies"),
        known_by_id("arms"),
        sa.UniqueConstraint("study_id", "name", name=op.f("uq_arms_study_id_name")),
    )


def participants() -> None:
    op.create_table(
        "participants",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("arm_id", sa.UUID(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("jurisdiction", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        an_object("card"),
        stamped("created_at"),
        stamped("updated_at"),
        refers("participants", "arm_id", to="arms"),
        refers("participants", "study_id", to="studies"),
        known_by_id("participants"),
        sa.UniqueConstraint(
            "study_id", "external_id", name=op.f("uq_participants_study_id_external_id")
        ),
    )


def conversations() -> None:
    op.create_table(
        "conversations",
        identity(),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("last_sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("taken_over_by", sa.UUID(), nullable=True),
        stamped("created_at"),
        refers("conversations", "participant_id", to="participants"),
        refers("conversations", "study_id", to="studies"),
        refers("conversations", "taken_over_by", to="clinicians"),
        known_by_id("conversations"),
        sa.UniqueConstraint(
            "study_id", "external_id", name=op.f("uq_conversations_study_id_external_id")
        ),
    )
    op.create_index(
        "ix_conversations_participant_id", "conversations", ["participant_id"], unique=False
    )
