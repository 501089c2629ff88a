"""The record: every table of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# The clock of every deadline, lease and duration. Rehearsals and tests may move a database's
# time with ALTER DATABASE … SET oversight.clock_offset = '30 minutes'; nothing else does.
CLOCK = """
CREATE FUNCTION oversight_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT now()
        + coalesce(nullif(current_setting('oversight.clock_offset', true), ''), '0')::interval
$$
"""


def upgrade() -> None:
    op.execute(CLOCK)
    op.create_table(
        "clinicians",
        sa.Column("id", sa.UUID(), nullable=False),
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
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('clinician', 'supervisor', 'study_lead', 'admin')",
            name=op.f("ck_clinicians_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinicians")),
        sa.UniqueConstraint("username", name=op.f("uq_clinicians_username")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(
        "ix_sign_in_failures_username_at", "sign_in_failures", ["username", "at"], unique=False
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("feed_position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
        sa.UniqueConstraint("name", name=op.f("uq_studies_name")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("study_id", sa.UUID(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(length=128), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "actor_kind IN ('clinician', 'bot', 'system')",
            name=op.f("ck_audit_events_actor_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_audit_events_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        "ix_audit_events_conversation_id", "audit_events", ["conversation_id", "id"], unique=False
    )
    op.create_index("ix_audit_events_kind", "audit_events", ["kind", "at"], unique=False)
    op.create_table(
        "policy_versions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_policy_versions_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_versions")),
        sa.UniqueConstraint(
            "study_id", "name", "number", name=op.f("uq_policy_versions_study_id_name_number")
        ),
    )
    op.create_table(
        "shifts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "position IN ('primary', 'secondary')", name=op.f("ck_shifts_position_known")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shifts_ends_later")),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_shifts_clinician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index("ix_shifts_ends_at", "shifts", ["ends_at"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_sign_ins_expires_later")),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_sign_ins_clinician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_ins_digest")),
    )
    op.create_index("ix_sign_ins_clinician_id", "sign_ins", ["clinician_id"], unique=False)
    op.create_table(
        "study_keys",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_keys_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_study_keys_digest")),
    )
    op.create_table(
        "arms",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("policy_version_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_versions.id"], name=op.f("fk_arms_policy_version_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_arms_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arms")),
        sa.UniqueConstraint("study_id", "name", name=op.f("uq_arms_study_id_name")),
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("arm_id", sa.UUID(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("jurisdiction", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column(
            "card",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["arm_id"], ["arms.id"], name=op.f("fk_participants_arm_id")),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_participants_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participants")),
        sa.UniqueConstraint(
            "study_id", "external_id", name=op.f("uq_participants_study_id_external_id")
        ),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("last_sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("taken_over_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_conversations_participant_id")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_conversations_study_id")
        ),
        sa.ForeignKeyConstraint(
            ["taken_over_by"], ["clinicians.id"], name=op.f("fk_conversations_taken_over_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "study_id", "external_id", name=op.f("uq_conversations_study_id_external_id")
        ),
    )
    op.create_index(
        "ix_conversations_participant_id", "conversations", ["participant_id"], unique=False
    )
    op.create_table(
        "review_items",
        sa.Column("id", sa.UUID(), nullable=False),
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
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
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
        sa.CheckConstraint(
            "lowered_to IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_review_items_lowered_to_known"),
        ),
        sa.CheckConstraint(
            "covered_severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_review_items_covered_severity_known"),
        ),
        sa.CheckConstraint(
            "severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_review_items_severity_known"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'claimed', 'escalated', 'closed')",
            name=op.f("ck_review_items_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["clinicians.id"], name=op.f("fk_review_items_assigned_to")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_review_items_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_versions.id"],
            name=op.f("fk_review_items_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_review_items_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
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
    op.create_table(
        "claims",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column(
            "claimed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(), nullable=True),
        sa.CheckConstraint(
            "ended_how IN ('decided', 'returned', 'skipped', 'escalated', 'lapsed')",
            name=op.f("ck_claims_ended_how_known"),
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_claims_clinician_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_claims_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
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
    op.create_table(
        "level_changes",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("from_severity", sa.String(), nullable=False),
        sa.Column("to_severity", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("confirm_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.UUID(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "from_severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_level_changes_from_severity_known"),
        ),
        sa.CheckConstraint(
            "to_severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_level_changes_to_severity_known"),
        ),
        sa.CheckConstraint(
            "confirmed_by <> clinician_id", name=op.f("ck_level_changes_second_person")
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_level_changes_clinician_id")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["clinicians.id"], name=op.f("fk_level_changes_confirmed_by")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name=op.f("fk_level_changes_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_level_changes")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("scoring", sa.String(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("severity", sa.String(), server_default=sa.text("'LU'"), nullable=False),
        sa.Column(
            "categories",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("urgency", sa.REAL(), server_default=sa.text("0"), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scoring IN ('pending', 'scored', 'failed')", name=op.f("ck_messages_scoring_known")
        ),
        sa.CheckConstraint(
            "severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_messages_severity_known"),
        ),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 20000", name=op.f("ck_messages_text_size")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_messages_item_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_messages_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "conversation_id", "sequence", name=op.f("uq_messages_conversation_id_sequence")
        ),
        sa.UniqueConstraint(
            "study_id", "external_id", name=op.f("uq_messages_study_id_external_id")
        ),
    )
    op.create_table(
        "skips",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("next_owner_id", sa.UUID(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_skips_clinician_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_skips_item_id")),
        sa.ForeignKeyConstraint(
            ["next_owner_id"], ["clinicians.id"], name=op.f("fk_skips_next_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skips")),
    )
    op.create_index("ix_skips_item_id", "skips", ["item_id", "clinician_id"], unique=False)
    op.create_table(
        "working_texts",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("clinician_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column(
            "saved_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_working_texts_clinician_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name=op.f("fk_working_texts_item_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "clinician_id", name=op.f("pk_working_texts")),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.UUID(), nullable=False),
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
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("status", sa.String(), server_default=sa.text("'held'"), nullable=False),
        sa.Column("scoring", sa.String(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("grade", sa.String(), server_default=sa.text("'H0'"), nullable=False),
        sa.Column(
            "flags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
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
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_drafts_conversation_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_drafts_item_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_drafts_message_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_drafts_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
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
    op.create_table(
        "decisions",
        sa.Column("id", sa.UUID(), nullable=False),
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
        sa.Column(
            "flags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("own_severity", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("read_sequence", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
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
        sa.CheckConstraint(
            "own_severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_decisions_own_severity_known"),
        ),
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
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinicians.id"], name=op.f("fk_decisions_clinician_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_decisions_conversation_id")
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_decisions_draft_id")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name=op.f("fk_decisions_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_versions.id"],
            name=op.f("fk_decisions_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_decisions_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("client_decision_id", name=op.f("uq_decisions_client_decision_id")),
        sa.UniqueConstraint("id", "text_digest", name=op.f("uq_decisions_id_text_digest")),
    )
    op.create_index("ix_decisions_conversation_id", "decisions", ["conversation_id"], unique=False)
    op.create_index("ix_decisions_created_at", "decisions", ["created_at"], unique=False)
    op.create_index("ix_decisions_item_id", "decisions", ["item_id"], unique=False)
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
        sa.Column(
            "phrase_hits",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("shadow", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "crisis_probability BETWEEN 0 AND 1 AND crisis_probability <> 'NaN'::real",
            name=op.f("ck_risk_assessments_crisis_probability_range"),
        ),
        sa.CheckConstraint(
            "reply_harm_probability BETWEEN 0 AND 1 AND reply_harm_probability <> 'NaN'::real",
            name=op.f("ck_risk_assessments_reply_harm_probability_range"),
        ),
        sa.CheckConstraint(
            "severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
            name=op.f("ck_risk_assessments_severity_known"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(message_id, draft_id) = 1", name=op.f("ck_risk_assessments_one_subject")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["drafts.id"], name=op.f("fk_risk_assessments_draft_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_risk_assessments_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_assessments")),
    )
    op.create_index("ix_risk_assessments_draft_id", "risk_assessments", ["draft_id"], unique=False)
    op.create_index(
        "ix_risk_assessments_message_id", "risk_assessments", ["message_id"], unique=False
    )
    op.create_table(
        "scoring_work",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("draft_id", sa.UUID(), nullable=True),
        sa.Column("urgency", sa.REAL(), server_default=sa.text("0"), nullable=False),
        sa.Column("length", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(message_id, draft_id) = 1", name=op.f("ck_scoring_work_one_subject")
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_scoring_work_draft_id")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_scoring_work_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring_work")),
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
    op.create_table(
        "deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
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
        sa.Column(
            "queued_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
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
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_deliveries_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["corrects"], ["deliveries.id"], name=op.f("fk_deliveries_corrects")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id", "text_digest"],
            ["decisions.id", "decisions.text_digest"],
            name="fk_deliveries_decision_names_text",
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_deliveries_draft_id")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_deliveries_participant_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_deliveries_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
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
    op.create_table(
        "ratings",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("decision_id", sa.UUID(), nullable=False),
        sa.Column("rater_id", sa.UUID(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("oversight_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_ratings_decision_id")
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["clinicians.id"], name=op.f("fk_ratings_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint(
            "decision_id", "rater_id", name=op.f("uq_ratings_decision_id_rater_id")
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
