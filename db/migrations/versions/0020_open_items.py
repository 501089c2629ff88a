"""The list of everything open is read from an index of its own: a history of a million is not."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEX = """
CREATE INDEX ix_review_items_open ON review_items (priority DESC, deadline_at, id)
    INCLUDE (severity) WHERE status <> 'closed';
"""


def upgrade() -> None:
    op.execute(INDEX)


def downgrade() -> None:
    op.execute("DROP INDEX ix_review_items_open")
