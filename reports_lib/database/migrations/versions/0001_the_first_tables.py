"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Runs and their states, the index of the snapshots, links, the audit trail."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="audit_key"),
    )
    op.create_index("audit_at_index", "audit", ["at"])
    op.create_index("audit_object_at_index", "audit", ["object", "at"])
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("set_name", sa.Text(), nullable=True),
        sa.Column("labels", JSONB(), nullable=False),
        sa.Column("requested_interval", sa.Text(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_version", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("generated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("formats", ARRAY(sa.Text()), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.Text(), nullable=True),
        sa.Column("delete_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="id"),
        sa.CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name="deleted"),
        sa.PrimaryKeyConstraint("id", name="snapshot_key"),
    )
    op.create_index("snapshot_family_generated_at_index", "snapshot", ["family", "generated_at"])
    op.create_index("snapshot_generated_at_index", "snapshot", ["generated_at"])
    op.create_table(
        "link",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), server_default="any_user", nullable=False),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("readers", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(audience = 'company') = (company IS NOT NULL)", name="company"),
        sa.CheckConstraint("(audience = 'named') = (cardinality(readers) > 0)", name="readers"),
        sa.CheckConstraint("audience IN ('any_user', 'company', 'named', 'public')", name="audience"),
        sa.CheckConstraint("token ~ '^[A-Za-z0-9_-]{22}$'", name="token"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="link_snapshot_id_reference"),
        sa.PrimaryKeyConstraint("token", name="link_key"),
    )
    op.create_index("link_snapshot_id_index", "link", ["snapshot_id"])
    op.create_table(
        "run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("set_name", sa.Text(), nullable=True),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("resolved", JSONB(), nullable=True),
        sa.Column("formats", ARRAY(sa.Text()), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_version", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("formed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("snapshot_id", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'error') = (error IS NOT NULL AND error_class IS NOT NULL AND exit_code IS NOT NULL)",
            name="error",
        ),
        sa.CheckConstraint("(state = 'generated') = (snapshot_id IS NOT NULL)", name="generated"),
        sa.CheckConstraint("(state IN ('queued', 'generating')) = (formed_at IS NULL)", name="formed"),
        sa.CheckConstraint(
            "state <> 'generating' OR (attempt > 0 AND started_at IS NOT NULL AND heartbeat_at IS NOT NULL)",
            name="generating",
        ),
        sa.CheckConstraint("state IN ('queued', 'generating', 'generated', 'error', 'cancelled')", name="state"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="run_snapshot_id_reference"),
        sa.PrimaryKeyConstraint("id", name="run_key"),
        sa.UniqueConstraint("run_key", name="run_run_key_unique"),
        sa.UniqueConstraint("snapshot_id", name="run_snapshot_id_unique"),
    )
    op.create_index("run_family_requested_at_index", "run", ["family", "requested_at"])
    op.create_index("run_requested_at_index", "run", ["requested_at"])
    op.create_index(
        "run_state_heartbeat_at_index",
        "run",
        ["state", "heartbeat_at"],
        postgresql_where=sa.text("state IN ('queued', 'generating')"),
    )
