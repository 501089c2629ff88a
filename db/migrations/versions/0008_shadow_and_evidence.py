"""A candidate beside the live classifier, and which words moved a score."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("oversight_now()")


def upgrade() -> None:
    op.add_column("risk_assessments", sa.Column("flags", JSON, nullable=True))
    op.create_index(
        "ix_risk_assessments_shadow",
        "risk_assessments",
        ["model_version", "id"],
        postgresql_where=sa.text("shadow"),
    )
    op.create_table(
        "evidence",
        sa.Column("assessment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model_version", sa.String(128), nullable=False),
        sa.Column("flag", sa.String(), nullable=True),
        sa.Column("spans", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["risk_assessments.id"], name=op.f("fk_evidence_assessment_id")
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_evidence")),
    )
    op.create_table(
        "scoring_models",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=True),
        sa.Column("thresholds", JSON, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("followed_to", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("in_hand", JSON, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('live', 'shadow', 'retired')", name=op.f("ck_scoring_models_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring_models")),
        sa.UniqueConstraint("version", name=op.f("uq_scoring_models_version")),
    )
    op.create_index(
        "uq_scoring_models_one_a_use",
        "scoring_models",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state <> 'retired'"),
    )
    _append_only("evidence")


def _append_only(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_rewrite()"
    )
    op.execute(
        f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite()"
    )


def downgrade() -> None:
    op.drop_table("scoring_models")
    op.drop_table("evidence")
    op.drop_index("ix_risk_assessments_shadow")
    op.drop_column("risk_assessments", "flags")
