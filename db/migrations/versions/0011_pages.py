"""Pages: the outbox of calls, tests of pagers, quiet hours, and what signs a page's link."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE outgoing_pages (
    id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    status VARCHAR DEFAULT 'queued' NOT NULL,
    clinician_id UUID NOT NULL,
    contact_method_id UUID,
    channel VARCHAR,
    severity VARCHAR,
    step INTEGER,
    study_id UUID,
    conversation_id UUID,
    escalation_id UUID,
    paging_id UUID,
    subject UUID,
    queued_at timestamptz DEFAULT oversight_now() NOT NULL,
    due_at timestamptz DEFAULT oversight_now() NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    leased_until timestamptz,
    sent_at timestamptz,
    settled_at timestamptz,
    confirmed_at timestamptz,
    link_used_at timestamptz,
    why VARCHAR(128),
    CONSTRAINT pk_outgoing_pages PRIMARY KEY (id),
    CONSTRAINT uq_outgoing_pages_paging_id_contact_method_id
        UNIQUE (paging_id, contact_method_id),
    CONSTRAINT ck_outgoing_pages_kind_known
        CHECK (kind IN ('escalation', 'test', 'gap', 'uncovered', 'pager_silent', 'follow_up',
            'handoff')),
    CONSTRAINT ck_outgoing_pages_status_known
        CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'confirmed', 'not_sent')),
    CONSTRAINT ck_outgoing_pages_channel_known
        CHECK (channel IN ('email', 'webhook', 'apprise', 'inbox')),
    CONSTRAINT ck_outgoing_pages_severity_known
        CHECK (severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')),
    CONSTRAINT ck_outgoing_pages_has_a_way
        CHECK (status = 'not_sent' OR (contact_method_id IS NOT NULL AND channel IS NOT NULL)),
    CONSTRAINT ck_outgoing_pages_says_why_not CHECK (status <> 'not_sent' OR why IS NOT NULL),
    CONSTRAINT ck_outgoing_pages_names_the_call
        CHECK (kind <> 'escalation' OR escalation_id IS NOT NULL),
    CONSTRAINT fk_outgoing_pages_clinician_id
        FOREIGN KEY(clinician_id) REFERENCES clinicians (id),
    CONSTRAINT fk_outgoing_pages_contact_method_id
        FOREIGN KEY(contact_method_id) REFERENCES contact_methods (id),
    CONSTRAINT fk_outgoing_pages_study_id FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT fk_outgoing_pages_conversation_id
        FOREIGN KEY(conversation_id) REFERENCES conversations (id),
    CONSTRAINT fk_outgoing_pages_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_outgoing_pages_paging_id FOREIGN KEY(paging_id) REFERENCES pagings (id)
);
CREATE INDEX ix_outgoing_pages_clinician_id ON outgoing_pages (clinician_id, queued_at);
CREATE INDEX ix_outgoing_pages_due ON outgoing_pages (channel, due_at)
        WHERE status IN ('queued', 'sending');
CREATE INDEX ix_outgoing_pages_escalation_id ON outgoing_pages (escalation_id);
CREATE INDEX ix_outgoing_pages_queued_at ON outgoing_pages (queued_at);
CREATE INDEX ix_outgoing_pages_subject ON outgoing_pages (subject);
CREATE TABLE inbox_pages (
    id UUID NOT NULL,
    page_id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    subject VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    at timestamptz DEFAULT oversight_now() NOT NULL,
    CONSTRAINT pk_inbox_pages PRIMARY KEY (id),
    CONSTRAINT fk_inbox_pages_page_id FOREIGN KEY(page_id) REFERENCES outgoing_pages (id),
    CONSTRAINT fk_inbox_pages_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE INDEX ix_inbox_pages_at ON inbox_pages (at);
CREATE TABLE quiet_hours (
    clinician_id UUID NOT NULL,
    timezone VARCHAR(128) NOT NULL,
    starts time NOT NULL,
    ends time NOT NULL,
    CONSTRAINT pk_quiet_hours PRIMARY KEY (clinician_id),
    CONSTRAINT fk_quiet_hours_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE TABLE paging_tests (
    id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    shift_starts_at timestamptz,
    sent_at timestamptz DEFAULT oversight_now() NOT NULL,
    answered_at timestamptz,
    given_up_at timestamptz,
    CONSTRAINT pk_paging_tests PRIMARY KEY (id),
    CONSTRAINT uq_paging_tests_clinician_id_shift_starts_at
        UNIQUE (clinician_id, shift_starts_at),
    CONSTRAINT ck_paging_tests_one_end CHECK (num_nonnulls(answered_at, given_up_at) < 2),
    CONSTRAINT fk_paging_tests_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE INDEX ix_paging_tests_open ON paging_tests (sent_at)
        WHERE answered_at IS NULL AND given_up_at IS NULL;
CREATE TABLE signing_keys (
    purpose VARCHAR(128) NOT NULL,
    secret BYTEA NOT NULL,
    created_at timestamptz DEFAULT oversight_now() NOT NULL,
    CONSTRAINT pk_signing_keys PRIMARY KEY (purpose)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
