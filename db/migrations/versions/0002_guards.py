"""The record defends itself: nothing that was decided, said or audited is rewritten."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_events", "decisions", "risk_assessments", "policy_versions")
WORDS_ARE_FINAL = ("messages", "drafts", "deliveries")
MAY_BE_DELETED = ("scoring_work", "working_texts", "sign_in_failures")

REFUSE = """
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the record is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""

# A role without the right to update or delete the record. Where the migrating account may not
# create roles, the triggers stand alone.
ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'oversight_app') THEN
        CREATE ROLE oversight_app NOLOGIN;
    END IF;
    EXECUTE format('GRANT oversight_app TO %I', current_user);
EXCEPTION
    WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
END $$
"""

GRANTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'oversight_app') THEN
        GRANT USAGE ON SCHEMA public TO oversight_app;
        GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO oversight_app;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO oversight_app;
        REVOKE UPDATE ON {append_only} FROM oversight_app;
        GRANT DELETE ON {may_be_deleted} TO oversight_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE ON TABLES TO oversight_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO oversight_app;
    END IF;
END $$
"""

# Small, hot tables are vacuumed early: dead rows in a queue slow every claim.
HOT = ("scoring_work", "review_items", "claims")


def upgrade() -> None:
    op.execute(REFUSE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_rewrite()"
        )
        op.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite()"
        )
    for table in WORDS_ARE_FINAL:
        op.execute(
            f"CREATE TRIGGER words_are_final BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (OLD.text IS DISTINCT FROM NEW.text) EXECUTE FUNCTION refuse_rewrite()"
        )
        op.execute(
            f"CREATE TRIGGER never_deleted BEFORE DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_rewrite()"
        )
    op.execute(ROLE)
    op.execute(
        GRANTS.format(append_only=", ".join(APPEND_ONLY), may_be_deleted=", ".join(MAY_BE_DELETED))
    )
    for table in HOT:
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_threshold = 200, fillfactor = 80)"
        )


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
