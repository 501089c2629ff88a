"""Texts whose score failed are looked for every few seconds: without an index, in all of them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_messages_failed ON messages (item_id) WHERE scoring = 'failed'")
    op.execute(
        "CREATE INDEX ix_drafts_failed ON drafts (scored_at)"
        " WHERE scoring = 'failed' AND status = 'held'"
    )


def downgrade() -> None:
    op.drop_index("ix_drafts_failed")
    op.drop_index("ix_messages_failed")
