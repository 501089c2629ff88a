"""Stops of the bot, consents, heartbeats, and times without anybody on call."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE bot_stops (
    id UUID NOT NULL,
    study_id UUID NOT NULL,
    scope VARCHAR NOT NULL,
    arm_id UUID,
    participant_id UUID,
    bot VARCHAR(128),
    cause VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    stopped_by UUID,
    stopped_at timestamptz DEFAULT oversight_now() NOT NULL,
    lifted_by UUID,
    lifted_at timestamptz,
    lift_reason VARCHAR,
    CONSTRAINT pk_bot_stops PRIMARY KEY (id),
    CONSTRAINT ck_bot_stops_scope_known CHECK (scope IN ('study', 'arm', 'bot', 'participant')),
    CONSTRAINT ck_bot_stops_cause_known
        CHECK (cause IN ('emergency', 'consent_withdrawn', 'nobody_on_call')),
    CONSTRAINT ck_bot_stops_scope_names_its_target
        CHECK ((scope = 'arm') = (arm_id IS NOT NULL)
           AND (scope = 'participant') = (participant_id IS NOT NULL)
           AND (scope = 'bot') = (bot IS NOT NULL)),
    CONSTRAINT ck_bot_stops_emergency_by_somebody
        CHECK (cause <> 'emergency' OR stopped_by IS NOT NULL),
    CONSTRAINT fk_bot_stops_study_id FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT fk_bot_stops_arm_id FOREIGN KEY(arm_id) REFERENCES arms (id),
    CONSTRAINT fk_bot_stops_participant_id
        FOREIGN KEY(participant_id) REFERENCES participants (id),
    CONSTRAINT fk_bot_stops_stopped_by FOREIGN KEY(stopped_by) REFERENCES clinicians (id),
    CONSTRAINT fk_bot_stops_lifted_by FOREIGN KEY(lifted_by) REFERENCES clinicians (id)
);
CREATE UNIQUE INDEX uq_bot_stops_one_open
        ON bot_stops (study_id, scope, cause, coalesce(arm_id::text, participant_id::text, bot,
            ''))
        WHERE lifted_at IS NULL;
CREATE TABLE consents (
    id UUID NOT NULL,
    participant_id UUID NOT NULL,
    version VARCHAR(128) NOT NULL,
    given_at timestamptz DEFAULT oversight_now() NOT NULL,
    withdrawn_at timestamptz,
    recorded_by UUID,
    CONSTRAINT pk_consents PRIMARY KEY (id),
    CONSTRAINT fk_consents_participant_id
        FOREIGN KEY(participant_id) REFERENCES participants (id),
    CONSTRAINT fk_consents_recorded_by FOREIGN KEY(recorded_by) REFERENCES clinicians (id)
);
CREATE INDEX ix_consents_participant_id ON consents (participant_id, given_at);
CREATE TABLE heartbeats (
    process VARCHAR(128) NOT NULL,
    beat_at timestamptz DEFAULT oversight_now() NOT NULL,
    detail JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT pk_heartbeats PRIMARY KEY (process)
);
CREATE TABLE coverage_lapses (
    id UUID NOT NULL,
    team_id UUID,
    study_id UUID,
    reason VARCHAR NOT NULL,
    starts_at timestamptz DEFAULT oversight_now() NOT NULL,
    ends_at timestamptz,
    CONSTRAINT pk_coverage_lapses PRIMARY KEY (id),
    CONSTRAINT ck_coverage_lapses_reason_known CHECK (reason IN ('nobody', 'unanswered')),
    CONSTRAINT fk_coverage_lapses_team_id FOREIGN KEY(team_id) REFERENCES teams (id),
    CONSTRAINT fk_coverage_lapses_study_id FOREIGN KEY(study_id) REFERENCES studies (id)
);
CREATE INDEX ix_coverage_lapses_starts_at ON coverage_lapses (starts_at);
CREATE UNIQUE INDEX uq_coverage_lapses_one_open ON coverage_lapses (coalesce(team_id::text, ''))
        WHERE ends_at IS NULL;
"""

RULE = """
ALTER TABLE participants ADD COLUMN rule varchar;
ALTER TABLE participants ADD CONSTRAINT ck_participants_rule_known
    CHECK (rule IN ('block_ai', 'hold_all')) NOT VALID;
ALTER TABLE participants VALIDATE CONSTRAINT ck_participants_rule_known;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RULE)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
