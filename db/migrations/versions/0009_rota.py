"""The rota: teams, rotations, leave, swaps, announced gaps, and how each person is reached."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE teams (
    id UUID NOT NULL,
    study_id UUID,
    name VARCHAR(128) NOT NULL,
    timezone VARCHAR(128) NOT NULL,
    required JSONB DEFAULT '["primary"]'::jsonb NOT NULL,
    created_at timestamptz DEFAULT oversight_now() NOT NULL,
    closed_at timestamptz,
    CONSTRAINT pk_teams PRIMARY KEY (id),
    CONSTRAINT fk_teams_study_id FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT uq_teams_name UNIQUE (name)
);
CREATE TABLE rotations (
    id UUID NOT NULL,
    team_id UUID NOT NULL,
    position VARCHAR NOT NULL,
    timezone VARCHAR(128) NOT NULL,
    first_day DATE NOT NULL,
    hand_off time NOT NULL,
    turn_days INTEGER NOT NULL,
    opens time,
    closes time,
    weekdays JSONB DEFAULT '[0, 1, 2, 3, 4, 5, 6]'::jsonb NOT NULL,
    created_by UUID NOT NULL,
    created_at timestamptz DEFAULT oversight_now() NOT NULL,
    ends_at timestamptz,
    CONSTRAINT pk_rotations PRIMARY KEY (id),
    CONSTRAINT ck_rotations_position_known
        CHECK (position IN ('primary', 'secondary', 'supervisor', 'study_lead')),
    CONSTRAINT ck_rotations_turn_days_range CHECK (turn_days BETWEEN 1 AND 366),
    CONSTRAINT ck_rotations_window_has_both_ends CHECK ((opens IS NULL) = (closes IS NULL)),
    CONSTRAINT fk_rotations_team_id FOREIGN KEY(team_id) REFERENCES teams (id),
    CONSTRAINT fk_rotations_created_by FOREIGN KEY(created_by) REFERENCES clinicians (id)
);
CREATE INDEX ix_rotations_team_id ON rotations (team_id);
CREATE TABLE rotation_people (
    rotation_id UUID NOT NULL,
    place INTEGER NOT NULL,
    clinician_id UUID NOT NULL,
    CONSTRAINT pk_rotation_people PRIMARY KEY (rotation_id, place),
    CONSTRAINT fk_rotation_people_rotation_id
        FOREIGN KEY(rotation_id) REFERENCES rotations (id),
    CONSTRAINT fk_rotation_people_clinician_id
        FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE TABLE leaves (
    id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    by_hand BOOLEAN DEFAULT false NOT NULL,
    created_by UUID NOT NULL,
    created_at timestamptz DEFAULT oversight_now() NOT NULL,
    cancelled_at timestamptz,
    CONSTRAINT pk_leaves PRIMARY KEY (id),
    CONSTRAINT ck_leaves_ends_later CHECK (ends_at > starts_at),
    CONSTRAINT fk_leaves_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id),
    CONSTRAINT fk_leaves_created_by FOREIGN KEY(created_by) REFERENCES clinicians (id)
);
CREATE INDEX ix_leaves_ends_at ON leaves (ends_at);
CREATE TABLE swaps (
    id UUID NOT NULL,
    gives_id UUID NOT NULL,
    takes_id UUID NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    asked_at timestamptz DEFAULT oversight_now() NOT NULL,
    accepted_at timestamptz,
    declined_at timestamptz,
    withdrawn_at timestamptz,
    CONSTRAINT pk_swaps PRIMARY KEY (id),
    CONSTRAINT ck_swaps_ends_later CHECK (ends_at > starts_at),
    CONSTRAINT ck_swaps_two_people CHECK (gives_id <> takes_id),
    CONSTRAINT ck_swaps_one_answer CHECK (num_nonnulls(accepted_at, declined_at) < 2),
    CONSTRAINT fk_swaps_gives_id FOREIGN KEY(gives_id) REFERENCES clinicians (id),
    CONSTRAINT fk_swaps_takes_id FOREIGN KEY(takes_id) REFERENCES clinicians (id)
);
CREATE INDEX ix_swaps_ends_at ON swaps (ends_at);
CREATE TABLE gap_notices (
    id UUID NOT NULL,
    team_id UUID NOT NULL,
    position VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    gap_starts_at timestamptz NOT NULL,
    gap_ends_at timestamptz NOT NULL,
    hours_ahead INTEGER NOT NULL,
    announced_at timestamptz DEFAULT oversight_now() NOT NULL,
    CONSTRAINT pk_gap_notices PRIMARY KEY (id),
    CONSTRAINT uq_gap_notices_team_id_position_gap_starts_at_hours_ahead
        UNIQUE (team_id, position, gap_starts_at, hours_ahead),
    CONSTRAINT ck_gap_notices_position_known
        CHECK (position IN ('primary', 'secondary', 'supervisor', 'study_lead')),
    CONSTRAINT ck_gap_notices_reason_known CHECK (reason IN ('nobody', 'unreachable')),
    CONSTRAINT fk_gap_notices_team_id FOREIGN KEY(team_id) REFERENCES teams (id)
);
CREATE TABLE contact_methods (
    id UUID NOT NULL,
    clinician_id UUID NOT NULL,
    place INTEGER NOT NULL,
    channel VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    secret VARCHAR,
    created_at timestamptz DEFAULT oversight_now() NOT NULL,
    verified_at timestamptz,
    failed_at timestamptz,
    removed_at timestamptz,
    CONSTRAINT pk_contact_methods PRIMARY KEY (id),
    CONSTRAINT ck_contact_methods_channel_known
        CHECK (channel IN ('email', 'webhook', 'apprise', 'inbox')),
    CONSTRAINT fk_contact_methods_clinician_id
        FOREIGN KEY(clinician_id) REFERENCES clinicians (id)
);
CREATE UNIQUE INDEX uq_contact_methods_place ON contact_methods (clinician_id, place)
        WHERE removed_at IS NULL;
"""

SHIFTS = """
ALTER TABLE shifts
    ADD COLUMN team_id uuid CONSTRAINT fk_shifts_team_id REFERENCES teams (id),
    ADD COLUMN kind varchar NOT NULL DEFAULT 'by_hand',
    ADD COLUMN created_by uuid CONSTRAINT fk_shifts_created_by REFERENCES clinicians (id),
    ADD COLUMN calendar_uid varchar,
    ADD COLUMN cancelled_at timestamptz;
ALTER TABLE shifts ADD CONSTRAINT ck_shifts_kind_known
    CHECK (kind IN ('by_hand', 'planned', 'override')) NOT VALID;
ALTER TABLE shifts VALIDATE CONSTRAINT ck_shifts_kind_known;
ALTER TABLE shifts DROP CONSTRAINT ck_shifts_position_known;
ALTER TABLE shifts ADD CONSTRAINT ck_shifts_position_known
    CHECK (position IN ('primary', 'secondary', 'supervisor', 'study_lead')) NOT VALID;
ALTER TABLE shifts VALIDATE CONSTRAINT ck_shifts_position_known;
CREATE UNIQUE INDEX uq_shifts_imported_once ON shifts (calendar_uid, starts_at)
    WHERE calendar_uid IS NOT NULL AND cancelled_at IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(SHIFTS)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
