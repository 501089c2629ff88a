"""A text that did not arrive comes up for review; a message that nobody answers is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = (
    "'approve', 'edit', 'replace', 'withhold', 'escalate', 'mark_read', 'lower', 'recall',"
    " 'correct', 'retract', 'resend', 'reached', 'release', 'bridge'"
)
DISPOSITIONS = (
    "'approved', 'edited', 'replaced', 'withheld', 'read', 'superseded', 'resent', 'reached',"
    " 'settled'"
)


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("attended_at", sa.DateTime(timezone=True)))
    op.add_column("review_items", sa.Column("covered_at", sa.DateTime(timezone=True)))
    op.add_column("review_items", sa.Column("undelivered_severity", sa.String()))
    op.add_column("review_items", sa.Column("undelivered_at", sa.DateTime(timezone=True)))
    _check(
        "review_items",
        "undelivered_severity",
        "undelivered_severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
    )
    op.drop_constraint(op.f("ck_review_items_disposition_known"), "review_items")
    _check("review_items", "disposition", f"disposition IN ({DISPOSITIONS})")
    op.drop_constraint(op.f("ck_decisions_kind_known"), "decisions")
    _check("decisions", "kind", f"kind IN ({KINDS})")
    op.execute(
        "CREATE INDEX ix_deliveries_unattended ON deliveries (conversation_id)"
        " WHERE status IN ('failed', 'uncertain') AND attended_at IS NULL"
    )
    op.execute(
        "CREATE INDEX ix_review_items_undelivered ON review_items (conversation_id)"
        " WHERE undelivered_at IS NOT NULL AND status <> 'closed'"
    )
    op.execute("CREATE INDEX ix_messages_unplaced ON messages (received_at) WHERE item_id IS NULL")


def _check(table: str, column: str, rule: str) -> None:
    """Added without a scan under the lock, then validated beside running writers."""
    name = f"ck_{table}_{column}_known"
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
