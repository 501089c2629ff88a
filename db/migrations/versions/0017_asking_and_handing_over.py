"""Questions to colleagues about items one holds; shifts handed over and accepted by name."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE questions (
    id UUID NOT NULL,
    item_id UUID NOT NULL,
    asked_by UUID NOT NULL,
    asked_of UUID NOT NULL,
    text VARCHAR NOT NULL,
    asked_at timestamptz DEFAULT oversight_now() NOT NULL,
    seen_at timestamptz,
    answer VARCHAR,
    answered_at timestamptz,
    withdrawn_at timestamptz,
    CONSTRAINT pk_questions PRIMARY KEY (id),
    CONSTRAINT fk_questions_item_id FOREIGN KEY(item_id) REFERENCES review_items (id),
    CONSTRAINT fk_questions_asked_by FOREIGN KEY(asked_by) REFERENCES clinicians (id),
    CONSTRAINT fk_questions_asked_of FOREIGN KEY(asked_of) REFERENCES clinicians (id),
    CONSTRAINT ck_questions_of_another CHECK (asked_of <> asked_by),
    CONSTRAINT ck_questions_has_text CHECK (btrim(text) <> ''),
    CONSTRAINT ck_questions_answer_has_time CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CONSTRAINT ck_questions_answered_was_seen CHECK (answered_at IS NULL OR seen_at IS NOT NULL),
    CONSTRAINT ck_questions_one_end CHECK (num_nonnulls(answered_at, withdrawn_at) <= 1)
);
CREATE UNIQUE INDEX uq_questions_one_open ON questions (item_id, asked_by, asked_of)
    WHERE answered_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX ix_questions_asked_of ON questions (asked_of, asked_at);
CREATE INDEX ix_questions_asked_by ON questions (asked_by, asked_at);
CREATE TRIGGER words_are_final BEFORE UPDATE ON questions FOR EACH ROW
    WHEN (OLD.text IS DISTINCT FROM NEW.text
        OR OLD.answer IS NOT NULL AND OLD.answer IS DISTINCT FROM NEW.answer)
    EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER never_deleted BEFORE DELETE ON questions
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TABLE handovers (
    id UUID NOT NULL,
    giver_id UUID NOT NULL,
    taker_id UUID NOT NULL,
    note VARCHAR DEFAULT '' NOT NULL,
    offered_at timestamptz DEFAULT oversight_now() NOT NULL,
    accepted_at timestamptz,
    declined_at timestamptz,
    decline_reason VARCHAR,
    withdrawn_at timestamptz,
    CONSTRAINT pk_handovers PRIMARY KEY (id),
    CONSTRAINT fk_handovers_giver_id FOREIGN KEY(giver_id) REFERENCES clinicians (id),
    CONSTRAINT fk_handovers_taker_id FOREIGN KEY(taker_id) REFERENCES clinicians (id),
    CONSTRAINT ck_handovers_to_another CHECK (taker_id <> giver_id),
    CONSTRAINT ck_handovers_one_end
        CHECK (num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1),
    CONSTRAINT ck_handovers_declined_why CHECK ((declined_at IS NULL) = (decline_reason IS NULL))
);
CREATE UNIQUE INDEX uq_handovers_one_open ON handovers (giver_id)
    WHERE accepted_at IS NULL AND declined_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX ix_handovers_taker_id ON handovers (taker_id, offered_at);
CREATE TABLE handover_lines (
    handover_id UUID NOT NULL,
    subject UUID NOT NULL,
    kind VARCHAR NOT NULL,
    conversation_id UUID NOT NULL,
    item_id UUID,
    CONSTRAINT pk_handover_lines PRIMARY KEY (handover_id, subject),
    CONSTRAINT fk_handover_lines_handover_id FOREIGN KEY(handover_id) REFERENCES handovers (id),
    CONSTRAINT fk_handover_lines_conversation_id
        FOREIGN KEY(conversation_id) REFERENCES conversations (id),
    CONSTRAINT fk_handover_lines_item_id FOREIGN KEY(item_id) REFERENCES review_items (id),
    CONSTRAINT ck_handover_lines_kind_known
        CHECK (kind IN ('claim', 'snooze', 'escalation', 'take_over'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON handover_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
ALTER TABLE claims DROP CONSTRAINT ck_claims_ended_how_known;
ALTER TABLE claims ADD CONSTRAINT ck_claims_ended_how_known CHECK (ended_how IN
    ('decided', 'returned', 'skipped', 'snoozed', 'escalated', 'lapsed', 'handed_over')) NOT VALID;
ALTER TABLE claims VALIDATE CONSTRAINT ck_claims_ended_how_known;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
