"""The record: every table of the first release."""

from alembic import op

from db.migrations.record import audit, calls, decisions, items, people, scores, studies, talk

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
    """Every table after those that it names."""
    op.execute(CLOCK)
    people.clinicians()
    people.sign_in_failures()
    studies.studies()
    audit.audit_events()
    studies.policy_versions()
    people.shifts()
    people.sign_ins()
    studies.study_keys()
    studies.arms()
    studies.participants()
    studies.conversations()
    items.review_items()
    items.claims()
    calls.escalations()
    items.level_changes()
    talk.messages()
    items.skips()
    items.working_texts()
    talk.drafts()
    calls.pagings()
    decisions.decisions()
    scores.risk_assessments()
    scores.scoring_work()
    decisions.deliveries()
    decisions.ratings()


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
