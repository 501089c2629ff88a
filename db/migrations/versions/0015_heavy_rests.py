"""What a reader had open was heavy or not; heavy items may go to others first."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE claims ADD COLUMN severity VARCHAR;
ALTER TABLE claims ADD CONSTRAINT ck_claims_severity_known
    CHECK (severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')) NOT VALID;
ALTER TABLE claims VALIDATE CONSTRAINT ck_claims_severity_known;
CREATE TABLE heavy_rests (
    id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    reason VARCHAR NOT NULL,
    starts_at timestamptz DEFAULT oversight_now() NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT pk_heavy_rests PRIMARY KEY (id),
    CONSTRAINT fk_heavy_rests_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id),
    CONSTRAINT ck_heavy_rests_reason_known CHECK (reason IN ('asked', 'limit')),
    CONSTRAINT ck_heavy_rests_ends_later CHECK (ends_at >= starts_at)
);
CREATE INDEX ix_heavy_rests_clinician_id ON heavy_rests (clinician_id, ends_at);
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute("DROP TABLE heavy_rests; ALTER TABLE claims DROP COLUMN severity")
