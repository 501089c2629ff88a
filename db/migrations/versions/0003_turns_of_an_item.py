"""The turns of one item are read with every new turn: without an index each reads whole tables."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_messages_item_id", "messages", ["item_id", "sequence"])
    op.create_index("ix_drafts_item_id", "drafts", ["item_id"])


def downgrade() -> None:
    op.drop_index("ix_drafts_item_id")
    op.drop_index("ix_messages_item_id")
