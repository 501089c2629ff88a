"""A rating keeps the rater's own level, so that agreement on the level can be counted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ratings", sa.Column("own_severity", sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_ratings_own_severity_known"),
        "ratings",
        "own_severity IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_ratings_own_severity_known"), "ratings")
    op.drop_column("ratings", "own_severity")
