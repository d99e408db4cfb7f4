"""Whoever remembers who may see what is told when that changes; the newer version of a report is found at once."""

from alembic import op

revision = "0005"
down_revision = "0004"

CHANNEL = "daybook_access"
# What a change of it may mean: that somebody may no longer see what he saw, or that a newer version is there.
# Counting views and noting that a browser was there are no news. Rows, not statements: one that changes none is none.
CHANGES = {
    "link": "DELETE OR UPDATE OF token, snapshot_id, audience, company, readers, expires_at, revoked_at",
    "sign_in": "DELETE OR UPDATE OF id, account_id, expires_at",
    "account": "DELETE OR UPDATE",
    "snapshot": "DELETE OR UPDATE OF id, supersedes, deleted_at",
}


def upgrade() -> None:
    """Triggers that send a notice when access changes; an index of what supersedes what."""
    op.execute(
        "CREATE FUNCTION daybook_access_news() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_notify('{CHANNEL}', ''); RETURN NULL; END $$"
    )
    for table, changes in CHANGES.items():
        op.execute(_trigger(f"{table}_news", table, changes))
    op.execute(_trigger("snapshot_newer_news", "snapshot", "INSERT", "WHEN (NEW.supersedes IS NOT NULL)"))
    op.create_index("snapshot_supersedes_index", "snapshot", ["supersedes"], postgresql_where="supersedes IS NOT NULL")


def _trigger(name: str, table: str, changes: str, condition: str = "") -> str:
    return (
        f"CREATE TRIGGER {name} AFTER {changes} ON {table} "
        f"FOR EACH ROW {condition} EXECUTE FUNCTION daybook_access_news()"
    )
