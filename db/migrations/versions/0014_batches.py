"""Several harmless items decided with one key, and taken back with one."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE batches (
    id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    created_at timestamptz DEFAULT oversight_now() NOT NULL,
    undone_at timestamptz,
    undone_by UUID,
    CONSTRAINT pk_batches PRIMARY KEY (id),
    CONSTRAINT fk_batches_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id),
    CONSTRAINT fk_batches_undone_by FOREIGN KEY(undone_by) REFERENCES clinicians (id),
    CONSTRAINT ck_batches_undone_by_somebody CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE TABLE batch_decisions (
    decision_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    item_id UUID NOT NULL,
    CONSTRAINT pk_batch_decisions PRIMARY KEY (decision_id),
    CONSTRAINT fk_batch_decisions_decision_id FOREIGN KEY(decision_id) REFERENCES decisions (id),
    CONSTRAINT fk_batch_decisions_batch_id FOREIGN KEY(batch_id) REFERENCES batches (id),
    CONSTRAINT fk_batch_decisions_item_id FOREIGN KEY(item_id) REFERENCES review_items (id)
);
CREATE INDEX ix_batch_decisions_batch_id ON batch_decisions (batch_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON batch_decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
