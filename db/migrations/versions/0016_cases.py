"""Cases: attempts, welfare checks, forms, the closure record, follow-ups, handoffs, deadlines."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE contact_attempts (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    channel VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    words_left VARCHAR,
    at timestamptz DEFAULT oversight_now() NOT NULL,
    CONSTRAINT pk_contact_attempts PRIMARY KEY (id),
    CONSTRAINT ck_contact_attempts_channel_known
        CHECK (channel IN ('call', 'message', 'sms', 'email', 'visit', 'collateral')),
    CONSTRAINT ck_contact_attempts_outcome_known
        CHECK (outcome IN ('spoke', 'voicemail', 'no_answer', 'wrong_number', 'refused')),
    CONSTRAINT fk_contact_attempts_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_contact_attempts_clinician_id
        FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE INDEX ix_contact_attempts_escalation_id ON contact_attempts (escalation_id, at);
CREATE TABLE welfare_checks (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    proposed_by UUID NOT NULL,
    proposed_at timestamptz DEFAULT oversight_now() NOT NULL,
    reason VARCHAR NOT NULL,
    attempt_in_progress BOOLEAN NOT NULL,
    confirmed_by UUID,
    confirmed_at timestamptz,
    ordered_at timestamptz,
    CONSTRAINT pk_welfare_checks PRIMARY KEY (id),
    CONSTRAINT uq_welfare_checks_escalation_id UNIQUE (escalation_id),
    CONSTRAINT ck_welfare_checks_two_people CHECK (confirmed_by <> proposed_by),
    CONSTRAINT ck_welfare_checks_confirmed_whole
        CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CONSTRAINT ck_welfare_checks_ordered_by_two
        CHECK (ordered_at IS NULL OR attempt_in_progress OR confirmed_by IS NOT NULL),
    CONSTRAINT fk_welfare_checks_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_welfare_checks_proposed_by
        FOREIGN KEY(proposed_by) REFERENCES clinicians (id),
    CONSTRAINT fk_welfare_checks_confirmed_by
        FOREIGN KEY(confirmed_by) REFERENCES clinicians (id)
);
CREATE TABLE case_forms (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    content JSONB NOT NULL,
    clinician_id UUID NOT NULL,
    at timestamptz DEFAULT oversight_now() NOT NULL,
    CONSTRAINT pk_case_forms PRIMARY KEY (id),
    CONSTRAINT ck_case_forms_kind_known
        CHECK (kind IN ('screener', 'safety_plan', 'adverse_event')),
    CONSTRAINT fk_case_forms_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_case_forms_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE INDEX ix_case_forms_escalation_id ON case_forms (escalation_id, kind, at);
CREATE TABLE case_records (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    study_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    fields JSONB DEFAULT '{}'::jsonb NOT NULL,
    assigned VARCHAR,
    version INTEGER DEFAULT 1 NOT NULL,
    opened_at timestamptz DEFAULT oversight_now() NOT NULL,
    saved_at timestamptz DEFAULT oversight_now() NOT NULL,
    signed_by UUID,
    signed_at timestamptz,
    signed_meaning VARCHAR,
    digest VARCHAR,
    cosigned_by UUID,
    cosigned_at timestamptz,
    cosigned_meaning VARCHAR,
    CONSTRAINT pk_case_records PRIMARY KEY (id),
    CONSTRAINT uq_case_records_escalation_id UNIQUE (escalation_id),
    CONSTRAINT ck_case_records_assigned_known
        CHECK (assigned IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')),
    CONSTRAINT ck_case_records_signed_whole
        CHECK (num_nonnulls(signed_by, signed_at, signed_meaning, digest) IN (0, 4)),
    CONSTRAINT ck_case_records_cosigned_whole
        CHECK (num_nonnulls(cosigned_by, cosigned_at, cosigned_meaning) IN (0, 3)),
    CONSTRAINT ck_case_records_signed_first
        CHECK (cosigned_by IS NULL OR signed_by IS NOT NULL),
    CONSTRAINT ck_case_records_two_people CHECK (cosigned_by <> signed_by),
    CONSTRAINT fk_case_records_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_case_records_study_id FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT fk_case_records_conversation_id
        FOREIGN KEY(conversation_id) REFERENCES conversations (id),
    CONSTRAINT fk_case_records_signed_by FOREIGN KEY(signed_by) REFERENCES clinicians (id),
    CONSTRAINT fk_case_records_cosigned_by FOREIGN KEY(cosigned_by) REFERENCES clinicians (id)
);
CREATE TABLE follow_ups (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    study_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    due_at timestamptz NOT NULL,
    missed_at timestamptz,
    told_others_at timestamptz,
    done_at timestamptz,
    done_by UUID,
    outcome VARCHAR,
    CONSTRAINT pk_follow_ups PRIMARY KEY (id),
    CONSTRAINT uq_follow_ups_escalation_id_due_at UNIQUE (escalation_id, due_at),
    CONSTRAINT ck_follow_ups_done_by_somebody CHECK ((done_at IS NULL) = (done_by IS NULL)),
    CONSTRAINT fk_follow_ups_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_follow_ups_study_id FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT fk_follow_ups_conversation_id
        FOREIGN KEY(conversation_id) REFERENCES conversations (id),
    CONSTRAINT fk_follow_ups_owner_id FOREIGN KEY(owner_id) REFERENCES clinicians (id),
    CONSTRAINT fk_follow_ups_done_by FOREIGN KEY(done_by) REFERENCES clinicians (id)
);
CREATE INDEX ix_follow_ups_due ON follow_ups (due_at) WHERE done_at IS NULL;
CREATE TABLE handoffs (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    from_id UUID NOT NULL,
    to_id UUID NOT NULL,
    note VARCHAR NOT NULL,
    asked_at timestamptz DEFAULT oversight_now() NOT NULL,
    accepted_at timestamptz,
    declined_at timestamptz,
    withdrawn_at timestamptz,
    CONSTRAINT pk_handoffs PRIMARY KEY (id),
    CONSTRAINT ck_handoffs_two_people CHECK (to_id <> from_id),
    CONSTRAINT ck_handoffs_one_answer
        CHECK (num_nonnulls(accepted_at, declined_at, withdrawn_at) < 2),
    CONSTRAINT fk_handoffs_escalation_id FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_handoffs_from_id FOREIGN KEY(from_id) REFERENCES clinicians (id),
    CONSTRAINT fk_handoffs_to_id FOREIGN KEY(to_id) REFERENCES clinicians (id)
);
CREATE UNIQUE INDEX uq_handoffs_one_open ON handoffs (escalation_id)
        WHERE num_nonnulls(accepted_at, declined_at, withdrawn_at) = 0;
CREATE TABLE report_deadlines (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    rule VARCHAR(128) NOT NULL,
    due_at timestamptz NOT NULL,
    reported_at timestamptz,
    reported_by UUID,
    CONSTRAINT pk_report_deadlines PRIMARY KEY (id),
    CONSTRAINT uq_report_deadlines_escalation_id_rule UNIQUE (escalation_id, rule),
    CONSTRAINT ck_report_deadlines_by_somebody
        CHECK ((reported_at IS NULL) = (reported_by IS NULL)),
    CONSTRAINT fk_report_deadlines_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_report_deadlines_reported_by
        FOREIGN KEY(reported_by) REFERENCES clinicians (id)
);
"""

PAGE_KINDS = """
ALTER TABLE level_changes ADD COLUMN overdue_at timestamptz;
ALTER TABLE outgoing_pages DROP CONSTRAINT ck_outgoing_pages_kind_known;
ALTER TABLE outgoing_pages ADD CONSTRAINT ck_outgoing_pages_kind_known CHECK (kind IN (
    'escalation', 'test', 'gap', 'uncovered', 'pager_silent', 'follow_up', 'handoff', 'lowered'
)) NOT VALID;
ALTER TABLE outgoing_pages VALIDATE CONSTRAINT ck_outgoing_pages_kind_known;
"""

# A signed record is final; only the second signature may still be added, once.
SIGNED = """
CREATE FUNCTION refuse_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(OLD) - '{cosigned_by,cosigned_at,cosigned_meaning}'::text[])
        IS DISTINCT FROM (to_jsonb(NEW) - '{cosigned_by,cosigned_at,cosigned_meaning}'::text[])
        OR OLD.cosigned_by IS NOT NULL
    THEN
        RAISE EXCEPTION 'a signed record is final' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER signed_is_final BEFORE UPDATE ON case_records FOR EACH ROW
    WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION refuse_signed_change();
CREATE TRIGGER never_deleted BEFORE DELETE ON case_records
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(PAGE_KINDS)
    op.execute(SIGNED)
    for table in ("contact_attempts", "case_forms"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_rewrite()"
        )


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
