"""Refresher drills, each person's own."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE drills (
    id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    started_at timestamptz DEFAULT oversight_now() NOT NULL,
    finished_at timestamptz,
    left_at timestamptz,
    CONSTRAINT pk_drills PRIMARY KEY (id),
    CONSTRAINT fk_drills_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id),
    CONSTRAINT ck_drills_one_end CHECK (num_nonnulls(finished_at, left_at) <= 1)
);
CREATE UNIQUE INDEX uq_drills_one_open ON drills (clinician_id)
    WHERE finished_at IS NULL AND left_at IS NULL;
CREATE TABLE drill_answers (
    drill_id UUID NOT NULL,
    item VARCHAR(128) NOT NULL,
    raised BOOLEAN NOT NULL,
    answered_at timestamptz DEFAULT oversight_now() NOT NULL,
    CONSTRAINT pk_drill_answers PRIMARY KEY (drill_id, item),
    CONSTRAINT fk_drill_answers_drill_id FOREIGN KEY(drill_id) REFERENCES drills (id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON drill_answers
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE drill_answers; DROP TABLE drills")
