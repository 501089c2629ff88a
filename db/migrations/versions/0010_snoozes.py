"""An item set aside until a time or until news, owned by name all the while."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE snoozes (
    id UUID NOT NULL,
    item_id UUID NOT NULL,
    item_version INTEGER NOT NULL,
    clinician_id UUID NOT NULL,
    waits_for VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    snoozed_at timestamptz DEFAULT oversight_now() NOT NULL,
    until_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_how VARCHAR,
    CONSTRAINT pk_snoozes PRIMARY KEY (id),
    CONSTRAINT fk_snoozes_item_id FOREIGN KEY(item_id) REFERENCES review_items (id),
    CONSTRAINT fk_snoozes_clinician_id FOREIGN KEY(clinician_id) REFERENCES clinicians (id),
    CONSTRAINT ck_snoozes_waits_for_known CHECK (waits_for IN ('time', 'message')),
    CONSTRAINT ck_snoozes_ended_how_known
        CHECK (ended_how IN ('due', 'news', 'opened', 'handed_over', 'left')),
    CONSTRAINT ck_snoozes_until_later CHECK (until_at > snoozed_at),
    CONSTRAINT ck_snoozes_end_says_how CHECK ((ended_at IS NULL) = (ended_how IS NULL)),
    CONSTRAINT ck_snoozes_has_reason CHECK (btrim(reason) <> '')
);
CREATE UNIQUE INDEX uq_snoozes_one_live ON snoozes (item_id) WHERE ended_at IS NULL;
CREATE INDEX ix_snoozes_live ON snoozes (until_at) WHERE ended_at IS NULL;
CREATE INDEX ix_snoozes_clinician_id ON snoozes (clinician_id, snoozed_at);
"""


def upgrade() -> None:
    op.execute(TABLE)
    _replace("review_items", "status_known", _among("status", STATUSES))
    _replace("claims", "ended_how_known", _among("ended_how", CLAIM_ENDS))
    _replace(
        "review_items",
        "grave_never_snoozed",
        "status <> 'snoozed' OR severity IN ('L0', 'L1', 'L2')",
    )


STATUSES = ("waiting", "claimed", "snoozed", "escalated", "closed")
CLAIM_ENDS = ("decided", "returned", "skipped", "snoozed", "escalated", "lapsed")


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def _replace(table: str, name: str, rule: str) -> None:
    """Added without a scan under the lock, then validated beside running writers."""
    constraint = f"ck_{table}_{name}"
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({rule}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def downgrade() -> None:
    raise NotImplementedError("the record is never taken apart; restore a backup instead")
