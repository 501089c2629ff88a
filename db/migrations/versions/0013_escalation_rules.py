"""Several people may have an escalation; why it opened; unowned it is always called for."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE acknowledgements (
    id UUID NOT NULL,
    escalation_id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    ladder_started_at timestamptz NOT NULL,
    at timestamptz DEFAULT oversight_now() NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_acknowledgements PRIMARY KEY (id),
    CONSTRAINT uq_acknowledgements_escalation_id_clinician_id_ladder_s_c833
        UNIQUE (escalation_id, clinician_id, ladder_started_at),
    CONSTRAINT ck_acknowledgements_lasts CHECK (until > at),
    CONSTRAINT fk_acknowledgements_escalation_id
        FOREIGN KEY(escalation_id) REFERENCES escalations (id),
    CONSTRAINT fk_acknowledgements_clinician_id
        FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
"""

RULE = """
ALTER TABLE escalations ADD COLUMN rule varchar NOT NULL DEFAULT 'severity';
UPDATE escalations SET rule = 'by_hand' WHERE opened_by IS NOT NULL;
ALTER TABLE escalations ADD CONSTRAINT ck_escalations_rule_known
    CHECK (rule IN ('severity', 'undelivered', 'harm_delivered', 'by_hand')) NOT VALID;
ALTER TABLE escalations VALIDATE CONSTRAINT ck_escalations_rule_known;
ALTER TABLE escalations ADD CONSTRAINT ck_escalations_unowned_is_called_for
    CHECK (status <> 'open' OR (next_page_at IS NOT NULL AND owner_id IS NULL)) NOT VALID;
ALTER TABLE escalations VALIDATE CONSTRAINT ck_escalations_unowned_is_called_for;
ALTER TABLE escalations ADD CONSTRAINT ck_escalations_owned_until_contact
    CHECK (status <> 'acknowledged' OR (owner_id IS NOT NULL
        AND (next_page_at IS NOT NULL OR contact_begun_at IS NOT NULL))) NOT VALID;
ALTER TABLE escalations VALIDATE CONSTRAINT ck_escalations_owned_until_contact;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RULE)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
